// The frame of Explore: header, panes with remembered sizes, a drawer, bottom tabs on a phone, keys and their help.
// The panes themselves are other components, handed over by the host as children.
import {BASE, emit, h, watch} from "./dom.js";
import {MENU, viewsMenu} from "./views_menu.js";
import {SHELL, remember, remembered, shell, slot, typing} from "./page_shell.js";

const STYLE = `
.frame header .search { position: relative; width: 240px; flex: 0 4 240px; }
.frame header .search:focus-within { border-color: var(--eg-link); }
.frame header .search input { border: 0; background: none; outline: none; min-width: 0; width: 100%; font-size: 12px; }
.frame header .search input::placeholder { color: var(--eg-muted); opacity: 1; }
.frame header .search kbd { color: var(--eg-muted); }
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
.frame .grip { touch-action: none; position: relative; border: 0; padding: 0; background: none; }
.frame .grip.v { cursor: col-resize; grid-row: 1 / -1; } .frame .grip.h { cursor: row-resize; }
.frame .grip:hover::after, .frame .grip:focus-visible::after { content: ""; position: absolute; background: var(--eg-faint); border-radius: 2px; }
.frame .grip.v:hover::after, .frame .grip.v:focus-visible::after { left: 3px; width: 2px; top: calc(50% - 20px); height: 40px; }
.frame .grip.h:hover::after, .frame .grip.h:focus-visible::after { top: 3px; height: 2px; left: calc(50% - 20px); width: 40px; }
.frame main.closed { grid-template-columns: var(--left, 284px) 8px minmax(0, 1fr) 0 0; }
.frame main.closed .why, .frame main.closed .grip.size-right { display: none; }
.frame .tabs { display: none; }
@container frame (max-width: 1100px) {
  .frame main, .frame main.closed { grid-template-columns: min(var(--left, 250px), 250px) 8px minmax(0, 1fr); }
  .frame main .grip.size-right { display: none; }
  .frame main .why { position: absolute; right: 8px; top: 8px; bottom: 8px; width: min(340px, 60%); z-index: 20; }
}
@container frame (max-width: 700px) {
  .frame .whole { grid-template: 44px minmax(0, 1fr) auto 52px / minmax(0, 1fr); }
  .frame header .search kbd { display: none; }
  .frame header .search { flex: 1 1 auto; width: auto; padding: 0 8px; gap: 4px; } .frame header .synthetic { order: 0; padding: 2px 6px; }
  .frame main, .frame main.closed { display: block; padding: 0; } .frame .grip { display: none; }
  .frame main > *, .frame main.closed > * { display: none !important; }
  .frame[data-pane="ecg"] main > .top, .frame[data-pane="why"] main > .why { display: flex !important; }
  .frame[data-pane="records"] main > .left { display: grid !important; grid-template-rows: minmax(0, 55fr) minmax(0, 45fr); }
  .frame[data-pane="map"] main > .low { display: grid !important; grid-template: minmax(0, 1fr) minmax(0, 1fr) / minmax(0, 1fr); }
  .frame main .low > :last-child { grid-column: 1; }
  .frame main { --eg-close: none; }
  .frame main > .top, .frame main > .left, .frame main > .low, .frame main > .why { height: 100%; width: 100%; position: static; }
  .frame .pane { border-radius: 0; border-left: 0; border-right: 0; border-top: 0; }
  .frame .tabs { display: grid; grid-template-columns: repeat(4, 1fr); background: var(--eg-panel); border-top: 1px solid var(--eg-line); }
  .frame .tabs button { background: none; border: 0; color: var(--eg-muted); font-size: 12px; display: grid; place-content: center; justify-items: center; gap: 2px; box-shadow: inset 0 2px transparent; }
  .frame .tabs button[aria-selected="true"] { color: var(--eg-ink); font-weight: 600; box-shadow: inset 0 2px var(--eg-accent); }
  .frame .found { right: auto; left: 0; }
}
@container frame (max-height: 820px) { .frame .why .beats { flex-basis: 220px; } }
`;
const PANES = [["ecg", "ECG"], ["records", "Records"], ["map", "Map"], ["why", "Why"]];
const SIZES = {left: [200, 480, "px", 284], right: [240, 560, "px", 312], bottom: [15, 70, "%", 34], rules: [15, 80, "%", 44], map: [20, 75, "%", 40]};
const STORE = "ecgomics.explore";
const FOUND = 12;
const OVERLAID = 1100;
const NOTE = "On the map: drag draws a shape, Shift-drag a box, Alt-drag moves, the wheel zooms, a click opens the record.";

function splitter(root, name, direction, measure) {
  const [least, most, unit, usual] = SIZES[name];
  const say = (value) => grip.setAttribute("aria-valuenow", Math.round(value));
  const set = (value) => { const kept = Math.min(most, Math.max(least, value)); root.style.setProperty(`--${name}`, `${kept}${unit}`); say(kept); return kept; };
  const grip = h("div", {class: `grip ${direction} size-${name}`, role: "separator", tabindex: 0, "aria-label": `resize ${name}`, "aria-valuemin": least, "aria-valuemax": most, "aria-valuenow": usual, "aria-orientation": direction === "v" ? "vertical" : "horizontal", title: "drag to resize, double-click to reset"});
  let value = remembered(STORE)[name];
  if (Number.isFinite(value)) value = set(value);
  grip.addEventListener("pointerdown", (event) => { grip.setPointerCapture(event.pointerId); event.preventDefault(); });
  grip.addEventListener("pointermove", (event) => { if (grip.hasPointerCapture(event.pointerId)) value = set(measure(event)); });
  grip.addEventListener("pointerup", () => remember({[name]: value}, STORE));
  grip.addEventListener("dblclick", () => { root.style.removeProperty(`--${name}`); say(usual); remember({[name]: null}, STORE); });
  grip.addEventListener("keydown", (event) => {
    const by = {ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1}[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    const size = grip.getBoundingClientRect(), jump = 16 * by;
    value = set(measure({clientX: size.left + size.width / 2 + jump, clientY: size.top + size.height / 2 + jump}));
    remember({[name]: value}, STORE);
  });
  return grip;
}

function searchBox(model, root) {
  const input = h("input", {type: "search", placeholder: window.matchMedia("(max-width: 480px)").matches ? "search" : "record, label, rule, biomarker", "aria-label": "search", autocomplete: "off", role: "combobox", "aria-expanded": "false"});
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

function render({model: own, view, el}) {
  const model = view.model_proxy, place = own.get("place");
  const root = h("div", {class: "frame eg", tabindex: -1, "data-place": place, "data-pane": "ecg"});
  const {box, input} = searchBox(own, root);
  const menu = viewsMenu(own, {root});
  const outside = shell(own, {root, extra: [menu.button, box], note: NOTE});
  const left = h("div", {class: "left"}), top = h("div", {class: "top pane"}), low = h("div", {class: "low"}), why = h("aside", {class: "why pane"});
  const main = h("main", {});
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
  const tabs = h("div", {class: "tabs", role: "tablist", "aria-label": "panes"}, PANES.map(([name, title]) => h("button", {role: "tab", "data-tab": name, onclick: () => pane(name)}, title)));
  root.append(h("div", {class: "whole eg"}, outside.head, main, outside.foot, tabs));
  el.append(h("style", {}, own.get("tokens") + BASE + SHELL + MENU + STYLE), root);

  function pane(name) {
    root.dataset.pane = name;
    for (const tab of tabs.children) tab.setAttribute("aria-selected", tab.dataset.tab === name ? "true" : "false");
  }

  function keys(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event)) return;
    if (place !== "page" && !event.composedPath().includes(root)) return;
    const act = {
      "/": () => { input.focus(); input.select(); }, "?": outside.help, z: () => emit(own, "undo"), Z: () => emit(own, "redo"),
      ArrowUp: () => emit(own, "step", {by: -1}), ArrowDown: () => emit(own, "step", {by: 1}),
      v: () => menu.toggle(), i: () => emit(own, "record"),
      Escape: () => { if (outside.isHelping()) outside.help(); else if (menu.isOpen()) menu.close(); else emit(own, "close"); },
    }[event.key];
    if (outside.isHelping() && !["?", "Escape"].includes(event.key)) return;
    if (act) { event.preventDefault(); act(); return; }
    // the strip's own keys work wherever the focus is: hand them to it, once
    const strip = (own.get("strip_keys") || []).includes(event.key) && root.querySelector('[data-slot="strip"] > *');
    const target = strip && strip.shadowRoot && strip.shadowRoot.querySelector("[tabindex]");
    if (!target || event.composedPath().includes(strip)) return;
    event.preventDefault();
    target.dispatchEvent(new KeyboardEvent("keydown", {key: event.key, code: event.code, shiftKey: event.shiftKey, bubbles: true, cancelable: true}));
  }

  pane("ecg");
  main.classList.toggle("closed", !own.get("drawer"));
  const ear = place === "page" ? window : root;
  ear.addEventListener("keydown", keys);
  const shown = watch(own, ["pane"], () => { if (own.get("pane")) pane(own.get("pane").split(":")[0]); });
  const stop = watch(own, ["drawer"], () => main.classList.toggle("closed", !own.get("drawer")));
  // where the drawer lies over the panes it waits to be asked for
  const opening = requestAnimationFrame(() => {
    outside.open();
    if (root.clientWidth && root.clientWidth < OVERLAID && own.get("drawer")) emit(own, "close");
  });
  return () => { cancelAnimationFrame(opening); ear.removeEventListener("keydown", keys); stop(); shown(); menu.stop(); outside.close(); };
}

export default {render};
