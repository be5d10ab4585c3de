// Under the strip: what the open event is, and a button for each thing its reader may say of it.
import {BASE, emit, fill, h, watch} from "./dom.js";

const STYLE = `
.eg-verdict { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 10px; padding: 8px 12px; height: auto; min-height: 50px; }
.eg-verdict .what { flex: 1 1 260px; min-width: 0; }
.eg-verdict b { font-weight: 600; }
.eg-verdict .acts { display: flex; flex-wrap: wrap; gap: 6px; }
.eg-verdict .say { border: 1px solid var(--eg-line, #e3e6eb); background: none; border-radius: 6px; padding: 5px 10px; font-weight: 600; display: inline-flex; gap: 6px; align-items: center; }
.eg-verdict .say:hover { background: var(--eg-raised, #eef0f4); }
.eg-verdict .say[aria-pressed="true"] { background: var(--eg-ink, #161a22); color: var(--eg-panel, #fff); border-color: var(--eg-ink, #161a22); }
.eg-verdict .say kbd { font: inherit; font-size: 11px; font-weight: 400; opacity: .7; }
.eg-verdict .scope { flex: 0 1 auto; }
.eg-verdict .steps { display: flex; gap: 4px; align-items: center; white-space: nowrap; }
.eg-verdict .steps button { border: 1px solid var(--eg-line, #e3e6eb); background: none; border-radius: 6px; width: 30px; height: 28px; padding: 0; }
.eg-verdict .steps button:hover { background: var(--eg-raised, #eef0f4); }
`;

function render({model, el}) {
  const root = h("section", {class: "eg eg-verdict", "aria-label": "Verdict"});
  el.append(h("style", {}, BASE + STYLE), root);
  const step = (by, name, key) => h("button", {type: "button", "aria-label": `${name} event`, title: `${name} event (${key})`, onclick: () => emit(model, "step", {by})}, by < 0 ? "◂" : "▸");
  function draw() {
    const said = model.get("said");
    if (!model.get("title")) {
      fill(root, h("span", {class: "quiet what"}, model.get("message") || "Choose a class of events: n goes through them."));
      return;
    }
    fill(root, h("div", {class: "what"}, h("b", {}, model.get("title")), "  ", h("span", {class: "quiet"}, model.get("facts"))),
      h("div", {class: "acts", role: "group", "aria-label": "say what it is"}, (model.get("choices") || []).map((choice) => h("button", {class: "say", type: "button", "aria-pressed": choice.says === said ? "true" : "false",
        title: `${choice.title} (${choice.key}); with Shift: ${model.get("scope")}`, onclick: (event) => emit(model, "judge", {says: choice.says, scope: event.shiftKey ? "kind" : "event"})}, choice.title, h("kbd", {}, choice.key)))),
      h("span", {class: "quiet scope"}, "applies to ", h("b", {}, "this event"), ` · ⇧ ${model.get("scope")}`),
      h("span", {class: "steps"}, h("span", {class: "quiet"}, model.get("place")), step(-1, "previous", "N"), step(1, "next", "n")));
  }
  const stop = watch(model, ["title", "facts", "place", "choices", "said", "scope", "message"], draw);
  draw();
  return stop;
}

export default {render};
