// The frame of the Holter page: the day across the top, events at the left, the strip in the middle, trends below.
import {BASE, emit, fill, h, watch} from "./dom.js";
import {SHELL, shell, slot, typing} from "./page_shell.js";

const STYLE = `
.frame .day-page { display: grid; gap: 8px; padding: 8px; min-height: 0; grid-template: 236px minmax(0, 1fr) 196px / 300px minmax(0, 1fr) minmax(0, 1fr) minmax(0, 1fr); }
.frame .day-page .day { grid-column: 1 / -1; }
.frame .day-page .events { grid-row: 2 / -1; }
.frame .day-page .middle { grid-column: 2 / -1; display: flex; flex-direction: column; }
.frame .day-page .middle .strip { flex: 1; min-height: 0; position: relative; }
.frame .day-page .middle .verdict { flex: none; border-top: 1px solid var(--eg-line); }
.frame header .which { border: 1px solid var(--eg-line); border-radius: 15px; height: 30px; padding: 0 10px; font-size: 12px; color: var(--eg-ink); max-width: 220px; }
@container frame (max-width: 1100px) { .frame .day-page { grid-template: 220px minmax(0, 1fr) 170px / 250px minmax(0, 1fr) minmax(0, 1fr); } .frame .day-page .third { display: none; } }
@container frame (max-height: 800px) { .frame .day-page { grid-template-rows: 208px minmax(0, 1fr) 150px; } }
@container frame (max-width: 700px) {
  .frame .whole { grid-template: 44px minmax(0, 1fr) auto / minmax(0, 1fr); }
  .frame header .which { flex: 1 1 auto; min-width: 0; }
  .frame .day-page { display: flex; flex-direction: column; overflow-y: auto; padding: 6px; gap: 6px; }
  .frame .day-page > * { flex: none; }
  .frame .day-page .day { height: 272px; } .frame .day-page .middle { height: min(460px, 62cqh); } .frame .day-page .events { order: 1; height: auto; min-height: 220px; } .frame .day-page .trend, .frame .day-page .third { height: 170px; display: block; order: 2; }
}
`;
const NOTE = "On the day: click to go, drag a window, the wheel zooms. Every chart shows the same moment.";

function render({model: own, view, el}) {
  const model = view.model_proxy, place = own.get("place");
  const root = h("div", {class: "frame eg", tabindex: -1, "data-place": place});
  const which = h("select", {class: "which", "aria-label": "recording", onchange: () => { window.location.search = `?record=${encodeURIComponent(which.value)}`; }});
  const outside = shell(own, {root, extra: [which], note: NOTE});
  const main = h("main", {class: "day-page"}, slot(model, "day", "pane fill day"), slot(model, "events", "pane fill events"),
    h("div", {class: "middle pane"}, slot(model, "strip", "strip fill"), slot(model, "verdict", "verdict")),
    slot(model, "first", "pane fill trend"), slot(model, "second", "pane fill trend"), slot(model, "third", "pane fill trend third"));
  root.append(h("div", {class: "whole eg"}, outside.head, main, outside.foot));
  el.append(h("style", {}, own.get("tokens") + BASE + SHELL + STYLE), root);

  function list() {
    const records = own.get("records") || [];
    fill(which, records.map((record) => h("option", {value: record.id}, record.title)));
    which.value = own.get("record");
    which.style.display = records.length > 1 ? "" : "none";
  }
  function keys(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event)) return;
    if (place !== "page" && !event.composedPath().includes(root)) return;
    if (event.key === "?" || (event.key === "Escape" && outside.isHelping())) { event.preventDefault(); outside.help(); return; }
    if (outside.isHelping()) return;
    // a button that has the focus keeps its own Enter and Space
    const onButton = ["Enter", " "].includes(event.key) && event.composedPath()[0].matches?.("button, a, select");
    if (!onButton && (own.get("key_names") || []).includes(event.key)) { event.preventDefault(); emit(own, "key", {key: event.key, shift: event.shiftKey}); return; }
    const strip = (own.get("strip_keys") || []).includes(event.key) && !onButton && root.querySelector('[data-slot="strip"] > *');
    const target = strip && strip.shadowRoot && strip.shadowRoot.querySelector("[tabindex]");
    if (!target || event.composedPath().includes(strip)) return;
    event.preventDefault();
    target.dispatchEvent(new KeyboardEvent("keydown", {key: event.key, code: event.code, shiftKey: event.shiftKey, bubbles: true, cancelable: true}));
  }
  list();
  const ear = place === "page" ? window : root;
  // before the strip: n and the verdicts' keys mean events here wherever the focus is
  ear.addEventListener("keydown", keys, true);
  const opening = requestAnimationFrame(() => outside.open());
  const stop = watch(own, ["records", "record"], list);
  return () => { cancelAnimationFrame(opening); ear.removeEventListener("keydown", keys, true); stop(); outside.close(); };
}

export default {render};
