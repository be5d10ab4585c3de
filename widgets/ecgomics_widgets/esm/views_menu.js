// The menu of saved views and groups, with the link to this view and the view as Python.
import {emit, fill, h, watch} from "./dom.js";

export const MENU = `
.frame header .views { position: relative; flex: none; }
.frame header .views > button { border: 1px solid var(--eg-line); background: none; border-radius: 15px; height: 30px; padding: 0 12px; font-size: 12px; color: var(--eg-ink); }
.frame header .views > button:hover, .frame header .views > button[aria-expanded="true"] { background: var(--eg-raised); }
.frame .menu { position: absolute; top: 36px; right: 0; width: 320px; max-width: calc(100cqw - 16px); background: var(--eg-panel); border: 1px solid var(--eg-line); border-radius: var(--eg-radius); z-index: 45; padding: 10px 12px 12px; max-height: calc(100cqh - 90px); overflow: auto; display: grid; gap: 8px; }
.frame .menu form { display: grid; grid-template-columns: 1fr auto; gap: 6px; align-items: center; }
.frame .menu form label { grid-column: 1 / -1; color: var(--eg-muted); font-size: 11.5px; }
.frame .menu input { border: 1px solid var(--eg-line); border-radius: 6px; padding: 4px 8px; background: var(--eg-panel); min-width: 0; }
.frame .menu .do { background: none; border: 1px solid var(--eg-line); border-radius: 6px; padding: 4px 10px; font-size: 12px; }
.frame .menu .do:hover { background: var(--eg-raised); }
.frame .menu h3 { margin: 4px 0 0; font-size: 11.5px; font-weight: 400; color: var(--eg-muted); }
.frame .menu .kept { display: grid; grid-template-columns: minmax(0, 1fr) auto; align-items: center; }
.frame .menu .kept > button:first-child { background: none; border: 0; text-align: left; padding: 5px 6px; margin-left: -6px; border-radius: 6px; min-width: 0; }
.frame .menu .kept > button:first-child:hover { background: var(--eg-raised); }
.frame .menu .acts { display: flex; gap: 6px; border-top: 1px solid var(--eg-line); padding-top: 10px; }
.frame .code { position: absolute; inset: 0; z-index: 60; display: grid; place-items: center; padding: 12px; background: color-mix(in srgb, var(--eg-ground) 70%, transparent); }
.frame .code .sheet { background: var(--eg-panel); border: 1px solid var(--eg-line); border-radius: var(--eg-radius); width: min(820px, 100%); max-height: 100%; display: grid; grid-template-rows: auto minmax(0, 1fr); }
.frame .code pre { margin: 0; padding: 12px 16px; overflow: auto; font: 12px/1.5 ui-monospace, "Cascadia Mono", "Liberation Mono", Menlo, monospace; tab-size: 4; }
@container frame (max-width: 700px) { .frame header .views { position: static; } .frame .menu { top: 46px; left: 8px; right: 8px; width: auto; } }
`;
const TITLES = {view: "Views", selection: "Groups"};

async function copied(text, button) {
  try { await navigator.clipboard.writeText(text); button.textContent = "copied"; } catch { button.textContent = "cannot reach the clipboard"; }
}

/** A button with its menu: `button` to place, `toggle`, `close`, and `stop` for the end. */
export function viewsMenu(own, {root}) {
  let menu = null, sheet = null, awaited = false;
  const opener = h("button", {type: "button", "aria-haspopup": "true", "aria-expanded": "false", title: "saved views and groups, link, as Python (v)", onclick: () => toggle()}, "Views ▾");
  const button = h("div", {class: "views"}, opener);

  const saver = (kind, label, value) => {
    const field = h("input", {type: "text", "aria-label": label, placeholder: "name", maxlength: 120, value});
    return h("form", {onsubmit: (event) => { event.preventDefault(); if (field.value.trim()) emit(own, "save", {kind, name: field.value.trim()}); }},
      h("label", {}, label), field, h("button", {class: "do", type: "submit"}, "save"));
  };
  function kept(kind) {
    const mine = (own.get("saved") || []).filter((entry) => entry.kind === kind);
    if (!mine.length) return null;
    return [h("h3", {}, TITLES[kind]), mine.map((entry) => h("div", {class: "kept"},
      h("button", {type: "button", title: `saved ${entry.when}${entry.owner ? ` by ${entry.owner}` : ""}`, onclick: () => { close(); emit(own, "show", {kind, name: entry.name}); }},
        h("div", {class: "cut"}, entry.name), entry.about || entry.owner ? h("div", {class: "quiet cut"}, [entry.about, entry.owner].filter(Boolean).join(" · ")) : null),
      entry.mine ? h("button", {class: "plain", type: "button", "aria-label": `remove ${entry.name}`, title: "remove", onclick: () => emit(own, "forget", {kind, name: entry.name})}, "×") : null))];
  }
  function draw() {
    if (!menu) return;
    const group = own.get("group");
    const link = h("button", {class: "do", type: "button", title: "the address of what is shown now", onclick: () => copied(window.location.href, link)}, "copy link");
    const typed = [...menu.querySelectorAll("input")].map((field) => field.value);
    fill(menu, saver("view", "save this view as", typed[0] || ""), group ? saver("selection", `save the group “${group}” as`, typed[1] || "") : null, kept("view"), kept("selection"),
      h("div", {class: "acts"}, own.get("place") === "page" ? link : null, h("button", {class: "do", type: "button", title: "what is shown, as a script", onclick: () => { awaited = true; close(); emit(own, "recipe"); show(); }}, "as Python")));
  }
  function away(event) { if (menu && !event.composedPath().includes(button)) close(); }
  function close() {
    if (!menu) return;
    menu.remove();
    menu = null;
    opener.setAttribute("aria-expanded", "false");
    root.removeEventListener("pointerdown", away);
  }
  function toggle() {
    if (menu) { close(); opener.focus(); return; }
    menu = h("div", {class: "menu", role: "dialog", "aria-label": "views"});
    menu.addEventListener("keydown", (event) => { if (event.key === "Escape") { event.stopPropagation(); close(); opener.focus(); } });
    button.append(menu);
    opener.setAttribute("aria-expanded", "true");
    draw();
    menu.querySelector("input").focus();
    root.addEventListener("pointerdown", away);
    emit(own, "menu");
  }
  function leave() { if (sheet) { sheet.remove(); sheet = null; awaited = false; opener.focus(); } }
  function show() {
    if (!awaited || !own.get("recipe")) return;
    if (sheet) sheet.remove();
    const text = own.get("recipe"), copy = h("button", {class: "plain", type: "button", onclick: () => copied(text, copy)}, "copy");
    sheet = h("div", {class: "code", role: "dialog", "aria-modal": "true", "aria-label": "this view as Python", onclick: (event) => { if (event.target === sheet) leave(); }},
      h("div", {class: "sheet"}, h("div", {class: "head"}, h("h2", {}, "This view as Python"), h("span", {class: "push"}), copy, h("button", {class: "plain", type: "button", onclick: leave}, "close")), h("pre", {tabindex: 0}, text)));
    sheet.addEventListener("keydown", (event) => { event.stopPropagation(); if (event.key === "Escape") leave(); });
    root.append(sheet);
    copy.focus();
  }
  const stop = watch(own, ["saved", "group", "recipe"], () => { draw(); show(); });
  return {button, toggle, isOpen: () => Boolean(menu || sheet), close: () => { close(); leave(); }, stop};
}
