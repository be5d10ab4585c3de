// The frame of Explore: header, panes with remembered sizes, a drawer, bottom tabs on a phone, keys and their help.
// The panes themselves are other components, handed over by the host as children.
import {BASE, emit, fill, h, watch} from "./dom.js";

const STYLE = `
.frame { container: frame / size; position: relative; height: 100%; width: 100%; background: var(--eg-ground); color: var(--eg-ink); font: 13px/1.35 var(--eg-font); font-variant-numeric: tabular-nums; overflow: hidden; }
.frame[data-place="page"] { position: fixed; inset: 0; }
.frame[data-place="inline"] { border: 1px solid var(--eg-line); border-radius: var(--eg-radius); }
.frame[data-theme="dark"] { color-scheme: dark; }
.frame[data-theme="light"] { color-scheme: light; }
.frame .whole { display: grid; grid-template: 44px minmax(0, 1fr) 26px / minmax(0, 1fr); height: 100%; background: none; }
.frame header { display: flex; align-items: center; gap: 12px; padding: 0 16px; background: var(--eg-panel); border-bottom: 1px solid var(--eg-line); min-width: 0; }
.frame header .brand { font-weight: 700; font-size: 14px; letter-spacing: .01em; }
.frame header .brand em { color: var(--eg-accent); font-style: normal; }
.frame header h1 { font-size: 13px; font-weight: 600; margin: 0; line-height: 44px; box-shadow: inset 0 -2px var(--eg-accent); padding: 0 2px; }
.frame header .pill { border: 1px solid var(--eg-line); border-radius: 15px; height: 30px; display: flex; align-items: center; padding: 0 12px; gap: 8px; color: var(--eg-muted); font-size: 12px; min-width: 0; }
.frame header .cohort { flex: 0 1 auto; }
.frame header .cohort b { color: var(--eg-ink); font-weight: 600; }
.frame header .synthetic { background: var(--eg-selected-soft); color: var(--eg-selected-ink); border-radius: 6px; padding: 2px 8px; font-size: 11.5px; font-weight: 600; flex: none; }
.frame header .search { position: relative; width: 240px; flex: 0 1 240px; }
.frame header .search:focus-within { border-color: var(--eg-link); }
.frame header .search input { border: 0; background: none; outline: none; min-width: 0; width: 100%; font-size: 12px; }
.frame header .search input::placeholder { color: var(--eg-muted); opacity: 1; }
.frame header .search kbd { color: var(--eg-muted); }
.frame kbd { font: inherit; font-size: 11px; border: 1px solid var(--eg-line); border-radius: 4px; padding: 0 5px; background: var(--eg-panel); }
.frame header .round { border: 1px solid var(--eg-line); background: none; border-radius: 15px; width: 34px; height: 30px; flex: none; padding: 0; }
.frame header .round:hover { background: var(--eg-raised); }
.frame .found { position: absolute; top: 36px; right: 0; width: max(100%, 320px); background: var(--eg-panel); border: 1px solid var(--eg-line); border-radius: var(--eg-radius); z-index: 40; padding: 4px; max-height: 360px; overflow: auto; }
.frame .found button { display: flex; gap: 8px; width: 100%; text-align: left; background: none; border: 0; padding: 6px 8px; border-radius: 6px; align-items: baseline; }
.frame .found button .quiet { flex: none; width: 66px; }
.frame .found button[aria-selected="true"], .frame .found button:hover { background: var(--eg-raised); }
.frame main { display: grid; padding: 8px; min-height: 0; position: relative;
  grid-template-columns: var(--left, 284px) 8px minmax(0, 1fr) 8px var(--right, 312px); grid-template-rows: minmax(0, 1fr) 8px var(--bottom, 34%); }
.frame main .left { grid-column: 1; grid-row: 1 / -1; display: grid; grid-template-rows: minmax(0, 1fr) 8px var(--rules, 44%); min-height: 0; min-width: 0; }
.frame main .top { grid-column: 3; grid-row: 1; display: flex; flex-direction: column; }
.frame main .low > :first-child { grid-column: 1; } .frame main .low > :last-child { grid-column: 3; }
.frame main .low { grid-column: 3; grid-row: 3; display: grid; grid-template-columns: var(--map, 40%) 8px minmax(0, 1fr); min-height: 0; min-width: 0; }
.frame main .why { grid-column: 5; grid-row: 1 / -1; display: flex; flex-direction: column; }
.frame .why .beats { flex: 0 0 264px; border-top: 1px solid var(--eg-line); min-height: 0; }
.frame .why .card, .frame .top .strip { flex: 1; min-height: 0; min-width: 0; position: relative; }
.frame .top .bar { flex: none; }
.frame .pane { background: var(--eg-panel); border: 1px solid var(--eg-line); border-radius: var(--eg-radius); overflow: hidden; min-height: 0; min-width: 0; position: relative; }
.frame .slot { min-width: 0; min-height: 0; }
.frame .slot > * { width: 100% !important; margin: 0 !important; }
.frame .slot.fill > * { height: 100% !important; }
.frame .grip { touch-action: none; position: relative; border: 0; padding: 0; background: none; }
.frame .grip.v { cursor: col-resize; grid-row: 1 / -1; } .frame .grip.h { cursor: row-resize; }
.frame .grip:hover::after, .frame .grip:focus-visible::after { content: ""; position: absolute; background: var(--eg-faint); border-radius: 2px; }
.frame .grip.v:hover::after, .frame .grip.v:focus-visible::after { left: 3px; width: 2px; top: calc(50% - 20px); height: 40px; }
.frame .grip.h:hover::after, .frame .grip.h:focus-visible::after { top: 3px; height: 2px; left: calc(50% - 20px); width: 40px; }
.frame main.closed { grid-template-columns: var(--left, 284px) 8px minmax(0, 1fr) 0 0; }
.frame main.closed .why, .frame main.closed .grip.size-right { display: none; }
.frame footer { display: flex; align-items: center; gap: 4px 18px; padding: 0 16px; background: var(--eg-panel); border-top: 1px solid var(--eg-line); color: var(--eg-muted); font-size: 11.5px; white-space: nowrap; overflow: hidden; }
.frame nav { display: none; }
.frame .help { position: absolute; inset: 0; background: color-mix(in srgb, var(--eg-ground) 70%, transparent); z-index: 60; display: grid; place-items: center; padding: 12px; }
.frame .help .sheet { background: var(--eg-panel); border: 1px solid var(--eg-line); border-radius: var(--eg-radius); padding: 18px 22px; max-height: 100%; overflow: auto; max-width: 640px; }
.frame .help h2 { margin: 0 0 10px; font-size: 15px; } .frame .help dl { display: grid; grid-template-columns: auto 1fr auto 1fr; gap: 7px 14px; margin: 0; }
.frame .help dt { white-space: nowrap; } .frame .help dd { margin: 0; color: var(--eg-muted); }
.frame .notice { position: absolute; bottom: 36px; left: 50%; transform: translateX(-50%); background: var(--eg-ink); color: var(--eg-panel); border-radius: var(--eg-radius); padding: 8px 14px; z-index: 50; max-width: 90%; }
@container frame (max-width: 1100px) {
  .frame main, .frame main.closed { grid-template-columns: min(var(--left, 250px), 250px) 8px minmax(0, 1fr); }
  .frame main .grip.size-right { display: none; }
  .frame main .why { position: absolute; right: 8px; top: 8px; bottom: 8px; width: min(340px, 60%); z-index: 20; }
  .frame header .cohort .extra { display: none; }
}
@container frame (max-width: 700px) {
  .frame .whole { grid-template: 44px minmax(0, 1fr) auto 52px / minmax(0, 1fr); }
  .frame header { gap: 8px; padding: 0 10px; } .frame header h1, .frame header .cohort, .frame header .search kbd { display: none; }
  .frame header .search { flex: 1 1 auto; width: auto; } .frame header .synthetic { order: 0; padding: 2px 6px; }
  .frame main, .frame main.closed { display: block; padding: 0; } .frame .grip { display: none; }
  .frame main > *, .frame main.closed > * { display: none !important; }
  .frame[data-pane="ecg"] main > .top, .frame[data-pane="why"] main > .why { display: flex !important; }
  .frame[data-pane="records"] main > .left { display: grid !important; grid-template-rows: minmax(0, 55fr) minmax(0, 45fr); }
  .frame[data-pane="map"] main > .low { display: grid !important; grid-template: minmax(0, 1fr) minmax(0, 1fr) / minmax(0, 1fr); }
  .frame main .low > :last-child { grid-column: 1; }
  .frame main { --eg-close: none; }
  .frame main > .top, .frame main > .left, .frame main > .low, .frame main > .why { height: 100%; width: 100%; position: static; }
  .frame .pane { border-radius: 0; border-left: 0; border-right: 0; border-top: 0; }
  .frame footer { padding: 3px 10px; justify-content: center; white-space: nowrap; } .frame footer .wide { display: none; }
  .frame nav { display: grid; grid-template-columns: repeat(4, 1fr); background: var(--eg-panel); border-top: 1px solid var(--eg-line); }
  .frame nav button { background: none; border: 0; color: var(--eg-muted); font-size: 12px; display: grid; place-content: center; justify-items: center; gap: 2px; box-shadow: inset 0 2px transparent; }
  .frame nav button[aria-selected="true"] { color: var(--eg-ink); font-weight: 600; box-shadow: inset 0 2px var(--eg-accent); }
  .frame .help dl { grid-template-columns: auto 1fr; } .frame .found { right: auto; left: 0; }
}
@container frame (max-height: 820px) { .frame .why .beats { flex-basis: 220px; } }
`;
const PANES = [["ecg", "ECG"], ["records", "Records"], ["map", "Map"], ["why", "Why"]];
const SIZES = {left: [200, 480, "px"], right: [240, 560, "px"], bottom: [15, 70, "%"], rules: [15, 80, "%"], map: [20, 75, "%"]};
const STORE = "ecgomics.explore";
const FOUND = 12;
const OVERLAID = 1100;

function remembered() {
  try { return JSON.parse(window.localStorage.getItem(STORE)) || {}; } catch { return {}; }
}
function remember(part) {
  try { window.localStorage.setItem(STORE, JSON.stringify({...remembered(), ...part})); } catch { /* private windows keep nothing */ }
}

function slot(model, name, classes) {
  const child = model.get_child(name);
  return h("div", {class: `slot ${classes}`, "data-slot": name}, child || null);
}

function splitter(root, name, direction, measure) {
  const [least, most, unit] = SIZES[name];
  const set = (value) => { const kept = Math.min(most, Math.max(least, value)); root.style.setProperty(`--${name}`, `${kept}${unit}`); return kept; };
  const grip = h("div", {class: `grip ${direction} size-${name}`, role: "separator", tabindex: 0, "aria-label": `resize ${name}`, "aria-orientation": direction === "v" ? "vertical" : "horizontal", title: "drag to resize, double-click to reset"});
  let value = remembered()[name];
  if (Number.isFinite(value)) value = set(value);
  grip.addEventListener("pointerdown", (event) => { grip.setPointerCapture(event.pointerId); event.preventDefault(); });
  grip.addEventListener("pointermove", (event) => { if (grip.hasPointerCapture(event.pointerId)) value = set(measure(event)); });
  grip.addEventListener("pointerup", () => remember({[name]: value}));
  grip.addEventListener("dblclick", () => { root.style.removeProperty(`--${name}`); remember({[name]: null}); });
  grip.addEventListener("keydown", (event) => {
    const by = {ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1}[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    const size = grip.getBoundingClientRect(), jump = 16 * by;
    value = set(measure({clientX: size.left + size.width / 2 + jump, clientY: size.top + size.height / 2 + jump}));
    remember({[name]: value});
  });
  return grip;
}

function helpSheet(model, close) {
  const keys = model.get("keys") || [];
  const sheet = h("div", {class: "help", role: "dialog", "aria-modal": "true", "aria-label": "keys", onclick: (event) => { if (event.target === sheet) close(); }},
    h("div", {class: "sheet"}, h("h2", {}, "Keys"), h("dl", {}, keys.map(([key, text]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, text)])),
      h("p", {class: "quiet", style: {margin: "14px 0 0"}}, "On the map: drag draws a shape, Shift-drag a box, Alt-drag moves, the wheel zooms, a click opens the record."),
      h("p", {style: {margin: "10px 0 0", textAlign: "right"}}, h("button", {class: "plain", onclick: close}, "close"))));
  return sheet;
}

function searchBox(model, root) {
  const input = h("input", {type: "search", placeholder: "record, label, rule, biomarker", "aria-label": "search", autocomplete: "off", role: "combobox", "aria-expanded": "false"});
  const box = h("div", {class: "pill search"}, h("span", {"aria-hidden": "true"}, "⌕"), input, h("kbd", {}, "/"));
  let list = null, at = -1, entries = [];
  const close = () => { if (list) list.remove(); list = null; at = -1; input.setAttribute("aria-expanded", "false"); };
  const pick = (entry) => { close(); input.value = ""; input.blur(); emit(model, "term", {kind: entry.kind, name: entry.name}); };
  function suggest() {
    close();
    const words = input.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) return;
    entries = [{kind: "text", name: input.value.trim(), title: `“${input.value.trim()}”`, word: "records"},
      ...(model.get("terms") || []).filter((term) => words.every((word) => `${term.title} ${term.name}`.toLowerCase().includes(word))).slice(0, FOUND)];
    list = h("div", {class: "found", role: "listbox"}, entries.map((entry) => h("button", {role: "option", type: "button", onmousedown: (event) => { event.preventDefault(); pick(entry); }},
      h("span", {class: "quiet"}, entry.word || entry.kind), h("span", {class: "cut"}, entry.title))));
    box.append(list);
    input.setAttribute("aria-expanded", "true");
    mark(0);
  }
  function mark(next) {
    if (!list) return;
    at = (next + entries.length) % entries.length;
    [...list.children].forEach((item, i) => item.setAttribute("aria-selected", i === at ? "true" : "false"));
    list.children[at].scrollIntoView({block: "nearest"});
  }
  input.addEventListener("input", suggest);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); mark(at + (event.key === "ArrowDown" ? 1 : -1)); }
    if (event.key === "Enter" && list) pick(entries[at]);
    if (event.key === "Escape") { input.value = ""; close(); input.blur(); root.focus(); }
    event.stopPropagation();
  });
  return {box, input};
}

/** Ask JupyterLab to leave keys pressed in here alone; it looks outside of our shadow roots. */
function claimKeys(root) {
  for (let host = root.getRootNode().host; host; host = host.getRootNode().host) host.setAttribute("data-lm-suppress-shortcuts", "true");
}

function typing(event) {
  const target = event.composedPath()[0];
  return target instanceof Element && (target.matches("input, select, textarea") || target.isContentEditable);
}

/** What a page of its own needs and the host's template leaves out: a phone's true width, and a language for readers. */
function preparePage() {
  if (!document.querySelector('meta[name="viewport"]')) document.head.append(h("meta", {name: "viewport", content: "width=device-width, initial-scale=1"}));
  if (!document.documentElement.lang) document.documentElement.lang = "en";
  document.querySelector(".eg-skeleton")?.remove();
}

function render({model: own, view, el}) {
  const model = view.model_proxy, place = own.get("place");
  if (place === "page") preparePage();
  const root = h("div", {class: "frame eg", tabindex: -1, "data-place": place, "data-pane": "ecg"});
  const {box, input} = searchBox(own, root);
  const cohort = h("div", {class: "pill cohort"}), badge = h("span", {class: "synthetic", title: "these records were simulated"}, "synthetic");
  const themeButton = h("button", {class: "round", "aria-label": "light or dark", title: "light or dark", onclick: () => theme(root.dataset.theme === "dark" ? "light" : "dark")}, "◐");
  const helpButton = h("button", {class: "round", "aria-label": "all keys", title: "all keys (?)", onclick: () => help()}, "?");
  const head = h("header", {}, h("span", {class: "brand"}, "ECG", h("em", {}, "omics")), h("h1", {}, "Explore"), h("span", {class: "push"}), badge, cohort, box, themeButton, helpButton);
  const left = h("div", {class: "left"}), top = h("div", {class: "top pane"}), low = h("div", {class: "low"}), why = h("aside", {class: "why pane"});
  const main = h("main", {}), foot = h("footer", {});
  const edge = () => main.getBoundingClientRect();
  left.append(slot(model, "records", "pane fill"), splitter(main, "rules", "h", (e) => (1 - (e.clientY - left.getBoundingClientRect().top) / left.clientHeight) * 100), slot(model, "rules", "pane fill"));
  top.append(slot(model, "measures", "bar"), slot(model, "strip", "strip fill"));
  low.append(slot(model, "map", "pane fill"), splitter(main, "map", "v", (e) => ((e.clientX - low.getBoundingClientRect().left) / low.clientWidth) * 100), slot(model, "candidates", "pane fill"));
  why.append(slot(model, "why", "card fill"), slot(model, "beats", "beats fill"));
  const v1 = splitter(main, "left", "v", (e) => e.clientX - edge().left - 12), v2 = splitter(main, "right", "v", (e) => edge().right - e.clientX - 12);
  const middle = splitter(main, "bottom", "h", (e) => ((edge().bottom - e.clientY - 8) / (main.clientHeight - 16)) * 100);
  v1.style.gridColumn = "2";
  v2.style.gridColumn = "4";
  low.children[1].style.gridColumn = "2";
  Object.assign(middle.style, {gridColumn: "3", gridRow: "2"});
  main.append(left, v1, top, middle, low, v2, why);
  const nav = h("nav", {role: "tablist", "aria-label": "panes"}, PANES.map(([name, title]) => h("button", {role: "tab", "data-tab": name, onclick: () => pane(name)}, title)));
  root.append(h("div", {class: "whole eg"}, head, main, foot, nav));
  el.append(h("style", {}, own.get("tokens") + BASE + STYLE), root);
  let sheet = null, notice = null, pressed = "";

  function pane(name) {
    root.dataset.pane = name;
    for (const tab of nav.children) tab.setAttribute("aria-selected", tab.dataset.tab === name ? "true" : "false");
  }
  function theme(name) {
    root.dataset.theme = name;
    remember({theme: name});
    emit(own, "theme", {theme: name});
  }
  function help() {
    if (sheet) { sheet.remove(); sheet = null; return; }
    sheet = helpSheet(own, help);
    root.append(sheet);
    sheet.querySelector("button").focus();
  }

  function keys(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event)) return;
    if (place !== "page" && !event.composedPath().includes(root)) return;
    const act = {
      "/": () => { input.focus(); input.select(); }, "?": help, z: () => emit(own, "undo"), Z: () => emit(own, "redo"),
      ArrowUp: () => emit(own, "step", {by: -1}), ArrowDown: () => emit(own, "step", {by: 1}),
      Escape: () => { if (sheet) help(); else emit(own, "close"); },
    }[event.key];
    if (sheet && !["?", "Escape"].includes(event.key)) return;
    if (act) { event.preventDefault(); act(); return; }
    // the strip's own keys work wherever the focus is: hand them to it, once
    const strip = (own.get("strip_keys") || []).includes(event.key) && root.querySelector('[data-slot="strip"] > *');
    const target = strip && strip.shadowRoot && strip.shadowRoot.querySelector("[tabindex]");
    if (!target || event.composedPath().includes(strip)) return;
    event.preventDefault();
    target.dispatchEvent(new KeyboardEvent("keydown", {key: event.key, code: event.code, shiftKey: event.shiftKey, bubbles: true, cancelable: true}));
  }

  function draw() {
    const facts = own.get("cohort") || {};
    fill(cohort, h("b", {class: "cut"}, facts.name || ""), h("span", {class: "extra"}, facts.records || ""), h("span", {class: "extra"}, facts.patients || ""));
    cohort.title = [facts.name, facts.records, facts.patients].filter(Boolean).join(" · ");
    badge.style.display = facts.synthetic ? "" : "none";
    main.classList.toggle("closed", !own.get("drawer"));
    const undo = own.get("undo");
    fill(foot, ...(own.get("status") || []).map((text) => h("span", {class: "wide"}, text)), h("span", {class: "push wide"}),
      ...[undo ? h("button", {class: "plain wide", title: "take the last step back (z)", onclick: () => emit(own, "undo")}, `undo: ${undo}`) : null].filter(Boolean),
      h("span", {}, "research and teaching, not for diagnosis"));
    const wanted = own.get("theme");
    if (wanted === "light" || wanted === "dark") root.dataset.theme = wanted;
    const said = own.get("notice");
    if (said !== pressed) {
      pressed = said;
      if (notice) notice.remove();
      notice = said ? h("div", {class: "notice", role: "status"}, said) : null;
      if (notice) { root.append(notice); const mine = notice; setTimeout(() => mine.remove(), 6000); }
    }
  }

  const preferred = remembered().theme || (window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  root.dataset.theme = preferred;
  pane("ecg");
  draw();
  root.dataset.theme = preferred;
  const ear = place === "page" ? window : root;
  ear.addEventListener("keydown", keys);
  const shown = watch(own, ["pane"], () => { if (own.get("pane")) pane(own.get("pane").split(":")[0]); });
  const stop = watch(own, ["cohort", "drawer", "status", "undo", "theme", "notice"], draw);
  if (preferred !== own.get("theme")) emit(own, "theme", {theme: preferred});
  // where the drawer lies over the panes it waits to be asked for
  const narrow = requestAnimationFrame(() => {
    if (place === "inline") claimKeys(root);
    if (root.clientWidth && root.clientWidth < OVERLAID && own.get("drawer")) emit(own, "close"); });
  return () => { cancelAnimationFrame(narrow); ear.removeEventListener("keydown", keys); stop(); shown(); };
}

export default {render};
