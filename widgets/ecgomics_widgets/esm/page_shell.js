// What every page has around its content: brand, links to the other pages, cohort, theme, keys and their help, notices.
import {emit, fill, h, watch} from "./dom.js";

export const SHELL = `
.frame { container: frame / size; position: relative; height: 100%; width: 100%; background: var(--eg-ground); color: var(--eg-ink); font: 13px/1.35 var(--eg-font); font-variant-numeric: tabular-nums; overflow: hidden; }
.frame[data-place="page"] { position: fixed; inset: 0; }
.frame[data-place="inline"] { border: 1px solid var(--eg-line); border-radius: var(--eg-radius); }
.frame[data-theme="dark"] { color-scheme: dark; }
.frame[data-theme="light"] { color-scheme: light; }
.frame:focus { outline: none; }
.frame .whole { display: grid; grid-template: 44px minmax(0, 1fr) 26px / minmax(0, 1fr); height: 100%; background: none; }
.frame header { display: flex; align-items: center; gap: 12px; padding: 0 16px; background: var(--eg-panel); border-bottom: 1px solid var(--eg-line); min-width: 0; }
.frame header .brand { font-weight: 700; font-size: 14px; letter-spacing: .01em; }
.frame header .brand em { color: var(--eg-accent); font-style: normal; }
.frame header h1 { font-size: 13px; font-weight: 600; margin: 0; line-height: 44px; box-shadow: inset 0 -2px var(--eg-accent); padding: 0 2px; }
.frame header .pages { display: flex; gap: 4px; }
.frame header .pages a { color: var(--eg-muted); text-decoration: none; line-height: 44px; padding: 0 8px; border-radius: 6px; }
.frame header .pages a:hover { color: var(--eg-ink); }
.frame header .pages a[aria-current] { color: var(--eg-ink); font-weight: 600; box-shadow: inset 0 -2px var(--eg-accent); border-radius: 0; }
.frame .aside { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.frame header .jump { display: none; border: 1px solid var(--eg-line); height: 32px; color: var(--eg-ink); font-size: 13px; font-weight: 600; }
.frame header .pill { border: 1px solid var(--eg-line); border-radius: 15px; height: 30px; display: flex; align-items: center; padding: 0 12px; gap: 8px; color: var(--eg-muted); font-size: 12px; min-width: 0; }
.frame header .cohort { flex: 0 1 auto; min-width: 92px; }
.frame header .cohort b { color: var(--eg-ink); font-weight: 600; }
.frame header .synthetic { background: var(--eg-selected-soft); color: var(--eg-selected-ink); border-radius: 6px; padding: 2px 8px; font-size: 11.5px; font-weight: 600; flex: none; }
.frame kbd { font: inherit; font-size: 11px; border: 1px solid var(--eg-line); border-radius: 4px; padding: 0 5px; background: var(--eg-panel); }
.frame header .round { border: 1px solid var(--eg-line); background: none; border-radius: 15px; width: 34px; height: 30px; flex: none; padding: 0; }
.frame header .round:hover { background: var(--eg-raised); }
.frame header .me { position: relative; flex: none; }
.frame header .me summary { list-style: none; display: grid; place-items: center; cursor: pointer; border-radius: 15px; width: 34px; height: 30px; font-size: 12px; font-weight: 600; background: var(--eg-ink); color: var(--eg-panel); }
.frame header .me summary::-webkit-details-marker { display: none; }
.frame header .me > div { position: absolute; top: 36px; right: 0; min-width: 176px; background: var(--eg-panel); border: 1px solid var(--eg-line); border-radius: var(--eg-radius); z-index: 45; padding: 10px 12px; display: grid; gap: 2px; }
.frame header .me .narrow { display: none; padding: 4px 0; text-align: left; }
.frame header .me a { color: var(--eg-link); margin-top: 8px; padding: 4px 0; }
.frame .slot { min-width: 0; min-height: 0; }
.frame .slot > * { width: 100% !important; margin: 0 !important; }
.frame .slot.fill > * { height: 100% !important; }
.frame .pane { background: var(--eg-panel); border: 1px solid var(--eg-line); border-radius: var(--eg-radius); overflow: hidden; min-height: 0; min-width: 0; position: relative; }
.frame footer { display: flex; align-items: center; gap: 4px 18px; padding: 0 16px; background: var(--eg-panel); border-top: 1px solid var(--eg-line); color: var(--eg-muted); font-size: 11.5px; white-space: nowrap; overflow: hidden; }
.frame .help { position: absolute; inset: 0; background: color-mix(in srgb, var(--eg-ground) 70%, transparent); z-index: 60; display: grid; place-items: center; padding: 12px; }
.frame .help .sheet { background: var(--eg-panel); border: 1px solid var(--eg-line); border-radius: var(--eg-radius); padding: 18px 22px; max-height: 100%; overflow: auto; max-width: 640px; }
.frame .help h2 { margin: 0 0 10px; font-size: 15px; } .frame .help dl { display: grid; grid-template-columns: auto 1fr auto 1fr; gap: 7px 14px; margin: 0; }
.frame .help dt { white-space: nowrap; } .frame .help dd { margin: 0; color: var(--eg-muted); }
.frame .notice { position: absolute; bottom: 36px; left: 50%; transform: translateX(-50%); background: var(--eg-ink); color: var(--eg-panel); border-radius: var(--eg-radius); padding: 8px 14px; z-index: 50; max-width: 90%; }
@container frame (max-width: 1100px) { .frame header .cohort .extra { display: none; } }
@container frame (max-width: 700px) {
  .frame header { gap: 8px; padding: 0 10px; } .frame header h1:not(.aside), .frame header .cohort, .frame header .pages { display: none; }
  .frame header .jump { display: block; }
  .frame footer { padding: 3px 10px; justify-content: center; white-space: nowrap; } .frame footer .wide { display: none; }
  .frame .help dl { grid-template-columns: auto 1fr; }
  .frame header .pill { min-width: 44px; }
}
@container frame (max-width: 480px) {
  .frame header:has(.jump) .brand, .frame header .keys, .frame header:has(.me) .turn { display: none; }
  .frame header .me .narrow { display: block; }
}
`;
const SHARED = "ecgomics";
const NOTICE_MS = 6000;

/** What this browser remembers of a page; `remember` adds to it. Private windows keep nothing. */
export function remembered(store = SHARED) {
  try { return JSON.parse(window.localStorage.getItem(store)) || {}; } catch { return {}; }
}
export function remember(part, store = SHARED) {
  try { window.localStorage.setItem(store, JSON.stringify({...remembered(store), ...part})); } catch { /* nothing kept */ }
}

/** A place for a child component of the host. */
export function slot(model, name, classes) {
  return h("div", {class: `slot ${classes}`, "data-slot": name}, model.get_child(name) || null);
}

/** Whether a key press belongs to a field somebody writes in. */
export function typing(event) {
  const target = event.composedPath()[0];
  return target instanceof Element && (target.matches("input, select, textarea") || target.isContentEditable);
}

/** Ask JupyterLab to leave keys pressed in here alone; it looks outside of our shadow roots. */
export function claimKeys(root) {
  for (let host = root.getRootNode().host; host; host = host.getRootNode().host) host.setAttribute("data-lm-suppress-shortcuts", "true");
}

/** A page's texts in its language: English where it gives none. */
const texts = (own) => (text) => (own.get("texts") || {})[text] ?? text;

/** What a page of its own needs and the host's template leaves out: a phone's true width, and a language for readers. */
function preparePage() {
  if (!document.querySelector('meta[name="viewport"]')) document.head.append(h("meta", {name: "viewport", content: "width=device-width, initial-scale=1"}));
  if (!document.documentElement.lang) document.documentElement.lang = "en";
  document.querySelector(".eg-skeleton")?.remove();
}

function pageLinks(own) {
  const pages = own.get("nav") || [];
  if (!pages.length) return [h("h1", {}, own.get("heading") || "")];
  const jump = h("select", {class: "jump", "aria-label": "page", onchange: () => { window.location.href = jump.value; }},
    pages.map((page) => h("option", {value: page.href, selected: page.current}, page.title)));
  return [h("h1", {class: "aside"}, own.get("heading") || ""), jump, h("nav", {class: "pages", "aria-label": "pages"},
    pages.map((page) => h("a", {href: page.href, "aria-current": page.current ? "page" : null}, page.title)))];
}

function helpSheet(own, note, close) {
  const t = texts(own);
  const keys = own.get("keys") || [];
  const sheet = h("div", {class: "help", role: "dialog", "aria-modal": "true", "aria-label": t("Keys"), onclick: (event) => { if (event.target === sheet) close(); }},
    h("div", {class: "sheet"}, h("h2", {}, t("Keys")), h("dl", {}, keys.map(([key, text]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, text)])),
      note ? h("p", {class: "quiet", style: {margin: "14px 0 0"}}, note) : null,
      h("p", {style: {margin: "10px 0 0", textAlign: "right"}}, h("button", {class: "plain", onclick: close}, t("close")))));
  return sheet;
}

/** Who signed in, and the way out; nothing where nobody needs to. */
function whoIsThere({name, role, leave}, turn) {
  if (!name) return null;
  const initials = name.split(/[\s._-]+/).filter(Boolean).map((word) => [...word][0]).slice(0, 2).join("").toUpperCase();
  const me = h("details", {class: "me"}, h("summary", {"aria-label": `${initials}, signed in as ${name}`, title: `signed in as ${name}`}, initials),
    h("div", {}, h("b", {class: "cut"}, name), h("span", {class: "quiet"}, role), h("button", {class: "plain narrow", type: "button", onclick: turn}, "light or dark"), h("a", {href: leave}, "Sign out")));
  me.addEventListener("keydown", (event) => { if (event.key === "Escape" && me.open) { event.stopPropagation(); me.open = false; me.firstChild.focus(); } });
  me.addEventListener("focusout", (event) => { if (!me.contains(event.relatedTarget)) me.open = false; });
  return me;
}

/** Head, foot and manners of a page.
 *
 * `root` is the page's `.frame`; `extra` elements stand in the head before the buttons, `note` under the keys. Traits used:
 * place, heading, nav, cohort, visitor, keys, status, texts, theme, notice, link, undo. Events emitted: theme, undo. Call `open` once the
 * root is in the document, `close` at the end. */
export function shell(own, {root, extra = [], note = ""}) {
  const t = texts(own);
  const place = own.get("place");
  const cohort = h("div", {class: "pill cohort"}), badge = h("span", {class: "synthetic", title: t("these records were simulated")}, t("synthetic"));
  const turn = () => theme(root.dataset.theme === "dark" ? "light" : "dark");
  const themeButton = h("button", {class: "round turn", "aria-label": t("light or dark"), title: t("light or dark"), onclick: turn}, "◐");
  const helpButton = h("button", {class: "round keys", "aria-label": t("all keys"), title: `${t("all keys")} (?)`, onclick: () => help()}, "?");
  const head = h("header", {}, h("span", {class: "brand"}, "ECG", h("em", {}, "omics")), pageLinks(own), h("span", {class: "push"}), badge, cohort, extra, themeButton, helpButton, whoIsThere(own.get("visitor") || {}, turn));
  const foot = h("footer", {});
  let sheet = null, before = null, notice = null, said = "", linked = null;

  function theme(name) {
    root.dataset.theme = name;
    remember({theme: name});
    emit(own, "theme", {theme: name});
  }
  function help() {
    if (sheet) { sheet.remove(); sheet = null; before?.focus?.(); return; }
    before = root.getRootNode().activeElement;
    sheet = helpSheet(own, note, help);
    root.append(sheet);
    sheet.querySelector("button").focus();
  }
  function link() {
    const wanted = own.get("link");
    if (place !== "page" || typeof wanted !== "string" || wanted === linked) return;
    linked = wanted;
    window.history.replaceState(null, "", wanted ? `?${wanted}` : window.location.pathname);
  }
  function tell() {
    const words = own.get("notice") || "";
    if (words === said) return;
    said = words;
    if (notice) notice.remove();
    notice = words ? h("div", {class: "notice", role: "status"}, words) : null;
    if (notice) { root.append(notice); const mine = notice; setTimeout(() => mine.remove(), NOTICE_MS); }
  }
  function draw() {
    const facts = own.get("cohort") || {};
    fill(cohort, h("b", {class: "cut"}, facts.name || ""), h("span", {class: "extra"}, facts.records || ""), h("span", {class: "extra"}, facts.patients || ""));
    cohort.title = [facts.name, facts.records, facts.patients].filter(Boolean).join(" · ");
    cohort.style.display = facts.name ? "" : "none";
    badge.style.display = facts.synthetic ? "" : "none";
    const undo = own.get("undo");
    fill(foot, (own.get("status") || []).map((text) => h("span", {class: "wide"}, text)), h("span", {class: "push wide"}),
      undo ? h("button", {class: "plain wide", title: t("take the last step back (z)"), onclick: () => emit(own, "undo")}, `${t("undo")}: ${undo}`) : null,
      h("span", {}, t("research and teaching, not for diagnosis")));
    const wanted = own.get("theme");
    if (wanted === "light" || wanted === "dark") root.dataset.theme = wanted;
    tell();
    link();
  }

  if (place === "page") preparePage();
  const preferred = remembered().theme || (window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  draw();
  root.dataset.theme = preferred;
  const stop = watch(own, ["cohort", "status", "undo", "theme", "notice", "link"], draw);
  return {
    head, foot, help, isHelping: () => Boolean(sheet),
    open() {
      if (preferred !== own.get("theme")) emit(own, "theme", {theme: preferred});
      if (place === "inline") claimKeys(root);
    },
    close: stop,
  };
}
