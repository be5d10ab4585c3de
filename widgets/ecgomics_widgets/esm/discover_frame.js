// The frame of Discover: the question above, volcano and table, families, panel and lock-box below, a drawer with evidence.
import {BASE, emit, h, watch} from "./dom.js";
import {SHELL, shell, slot, typing} from "./page_shell.js";

const STYLE = `
.frame .whole { grid-template-rows: 44px auto minmax(0, 1fr) 26px; }
.frame .ask { margin: 8px 8px 0; position: relative; z-index: 30; overflow: visible; }
.frame main { display: grid; gap: 8px; padding: 8px; min-height: 0; grid-template-columns: minmax(0, 1fr) 316px; }
.frame main.closed { grid-template-columns: minmax(0, 1fr); } .frame main.closed .evidence { display: none; }
.frame .work { display: grid; gap: 8px; min-height: 0; min-width: 0; grid-template: minmax(0, 1.55fr) minmax(0, 1fr) / minmax(0, 1fr); }
.frame .above { display: grid; gap: 8px; grid-template-columns: minmax(0, 38fr) minmax(0, 62fr); min-height: 0; }
.frame .below { display: grid; gap: 8px; grid-template-columns: minmax(0, 26fr) minmax(0, 36fr) minmax(0, 38fr); min-height: 0; }
.frame .evidence { display: flex; flex-direction: column; }
.frame .evidence [data-slot="beats"] { flex: 0 0 216px; min-height: 0; border-bottom: 1px solid var(--eg-line); }
.frame .evidence [data-slot="evidence"] { flex: 1; min-height: 0; }
@container frame (max-width: 1100px) {
  .frame main, .frame main.closed { grid-template-columns: minmax(0, 1fr); position: relative; }
  .frame .evidence { position: absolute; right: 8px; top: 8px; bottom: 8px; width: min(340px, 60%); z-index: 20; }
}
@container frame (max-width: 700px) {
  .frame .whole { grid-template-rows: 44px auto auto 26px; overflow-y: auto; align-content: start; }
  .frame main, .frame main.closed { display: block; }
  .frame .work, .frame .above, .frame .below { display: flex; flex-direction: column; }
  .frame .above > *, .frame .below > * { height: 360px; flex: none; } .frame .above > :first-child { height: 320px; } .frame .below > :first-child { height: 240px; }
  .frame .evidence { position: fixed; inset: 52px 0 0; width: auto; height: auto; border-radius: 12px 12px 0 0; z-index: 40; overflow-y: auto; display: block; }
  .frame .evidence [data-slot="beats"] { height: 216px; } .frame .evidence [data-slot="evidence"] { height: auto; }
  .frame .evidence [data-slot="evidence"] > * { height: auto !important; min-height: 460px; }
}
`;
const OVERLAID = 1100;

function render({model: own, view, el}) {
  const model = view.model_proxy, place = own.get("place");
  const root = h("div", {class: "frame eg", tabindex: -1, "data-place": place});
  const outside = shell(own, {root});
  const ask = h("div", {class: "ask pane"}, slot(model, "question", ""));
  const above = h("div", {class: "above"}, slot(model, "volcano", "pane fill"), slot(model, "table", "pane fill"));
  const below = h("div", {class: "below"}, slot(model, "families", "pane fill"), slot(model, "panel", "pane fill"), slot(model, "lockbox", "pane fill"));
  const evidence = h("aside", {class: "evidence pane", "aria-label": "evidence"}, slot(model, "head", ""), slot(model, "beats", "fill"), slot(model, "evidence", "fill"));
  const main = h("main", {}, h("div", {class: "work"}, above, below), evidence);
  root.append(h("div", {class: "whole eg"}, outside.head, ask, main, outside.foot));
  el.append(h("style", {}, own.get("tokens") + BASE + SHELL + STYLE), root);

  function keys(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event)) return;
    if (place !== "page" && !event.composedPath().includes(root)) return;
    const act = {"?": outside.help, z: () => emit(own, "undo"), Z: () => emit(own, "redo"), Escape: () => { if (outside.isHelping()) outside.help(); else emit(own, "close"); },
      ArrowDown: () => emit(own, "step", {by: 1}), ArrowUp: () => emit(own, "step", {by: -1})}[event.key];
    if (!act || (outside.isHelping() && !["?", "Escape"].includes(event.key))) return;
    event.preventDefault();
    act();
  }
  const drawer = () => main.classList.toggle("closed", !own.get("drawer") || !own.get("evident"));
  drawer();
  const ear = place === "page" ? window : root;
  ear.addEventListener("keydown", keys);
  const stop = watch(own, ["drawer", "evident"], drawer);
  const jumped = watch(own, ["jump"], () => { if (own.get("jump")) { const box = root.querySelector('[data-slot="lockbox"]'); box.scrollIntoView({block: "nearest", behavior: "auto"}); box.animate?.([{outline: "2px solid var(--eg-selected)"}, {outline: "2px solid transparent"}], 900); } });
  const opening = requestAnimationFrame(() => { outside.open(); if (root.clientWidth && root.clientWidth < OVERLAID && own.get("drawer")) emit(own, "close"); });
  return () => { cancelAnimationFrame(opening); ear.removeEventListener("keydown", keys); stop(); jumped(); outside.close(); };
}

export default {render};
