// The minimal panel: its members, what it is worth on patients left out, and whether its chances are right.
import {BASE, emit, fill, h, number, watch} from "./dom.js";
import {curve, forest, share} from "./finding/forest.js";

const STYLE = `
.eg-panelcard { display: flex; flex-direction: column; container-type: inline-size; }
.eg-panelcard .scroll { flex: 1; min-height: 0; overflow: auto; padding: 8px 12px; }
.eg-panelcard.stale .scroll { opacity: .45; }
.eg-panelcard .two { display: grid; grid-template-columns: minmax(0, 1.5fr) minmax(130px, 1fr); gap: 14px; }
.eg-panelcard .member { display: flex; gap: 8px; padding: 1px 0; } .eg-panelcard .member b { font-weight: 600; min-width: 0; overflow: hidden; text-overflow: ellipsis; }
.eg-panelcard .models { border-top: 1px solid var(--eg-line, #e3e6eb); margin-top: 6px; padding-top: 5px; }
.eg-panelcard .model { display: grid; grid-template-columns: minmax(92px, 1fr) minmax(44px, .9fr) 30px; gap: 8px; align-items: center; padding: 1px 0; }
.eg-panelcard .model svg { width: 100%; height: 16px; display: block; overflow: visible; } .eg-panelcard .model .n { text-align: right; }
.eg-panelcard .gain { margin: 5px 0 0; font-size: 11.5px; color: var(--eg-muted, #667085); }
.eg-panelcard h3 { font-size: 12px; margin: 0 0 2px; font-weight: 600; }
.eg-panelcard .facts { font-size: 11.5px; }
.eg-panelcard .go { border: 1px solid var(--eg-line, #e3e6eb); background: none; border-radius: 6px; padding: 5px 12px; font-weight: 600; }
@container (max-width: 300px) { .eg-panelcard .two { grid-template-columns: minmax(0, 1fr); } }
`;
const MEMBERS = 6;

function render({model, el}) {
  const head = h("div", {class: "head"}), scroll = h("div", {class: "scroll"});
  const root = h("section", {class: "eg eg-panelcard", "aria-label": "Panel"}, head, scroll);
  el.append(h("style", {}, BASE + STYLE), root);
  function draw() {
    const card = model.get("card") || {};
    root.classList.toggle("stale", model.get("state") === "stale");
    fill(head, h("h2", {}, "Panel"), h("span", {class: "quiet cut", title: card.about || ""}, card.about || ""));
    if (!card.models) {
      fill(scroll, h("div", {class: "none"}, model.get("message") || ""), model.get("offer") ? h("div", {style: {textAlign: "center"}}, h("button", {class: "go", type: "button", onclick: () => emit(model, "make", {})}, "Make the panel")) : null);
      return;
    }
    const members = card.members || [], most = Math.max(0.1, ...card.calibration.flatMap((bin) => [bin.predicted, bin.high])), top = Math.min(1, Math.ceil(most * 10) / 10);
    fill(scroll, h("div", {class: "two"}, h("div", {},
      members.slice(0, MEMBERS).map((row) => h("div", {class: "member", title: `${row.biomarker}: chosen in ${share(row.chosen)} of the folds; log odds for one standard deviation more`}, h("b", {class: "cut"}, row.biomarker), h("span", {}, `${row.coefficient > 0 ? "+" : ""}${number(row.coefficient, 2)}`))),
      members.length > MEMBERS ? h("div", {class: "quiet"}, `and ${members.length - MEMBERS} more`) : null,
      h("div", {class: "models"}, card.models.map((row) => h("div", {class: "model", title: `AUC ${share(row.auc)} (${share(row.low)}–${share(row.high)}) on patients left out`}, h("span", {class: row.main ? "cut" : "quiet cut", style: {fontWeight: row.main ? 600 : 400}}, row.title), forest({value: row.auc, low: row.low, high: row.high}, {colour: row.main ? "var(--eg-ink, #161a22)" : "var(--eg-rest, #98a2b3)", from: 0.4, to: 1}), h("span", {class: "n"}, share(row.auc))))),
      (card.gains || []).map((words) => h("p", {class: "gain"}, words))),
    h("div", {}, h("h3", {}, "Calibration"), curve({title: "what was foretold against what happened", width: 170, height: 140, diagonal: true, x: [0, top], y: [0, top], colour: "var(--eg-ink, #161a22)",
      points: card.calibration.map((bin) => ({x: bin.predicted, y: bin.observed, low: bin.low, high: bin.high})), ticks: [0, top / 2, top].map((at) => ({at, text: share(at)})), labels: [{at: 0, text: "0"}, {at: top, text: share(top)}]}),
    h("div", {class: "facts"}, card.facts || ""))));
  }
  const stop = watch(model, ["card", "state", "message", "offer"], draw);
  draw();
  return stop;
}

export default {render};
