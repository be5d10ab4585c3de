// Families of candidates: one representative each, and how often the panel chose it.
import {BASE, emit, fill, h, hue, watch} from "./dom.js";
import {badge, share} from "./finding/forest.js";

const STYLE = `
.eg-families { display: flex; flex-direction: column; }
.eg-families .scroll { flex: 1; min-height: 0; overflow: auto; }
.eg-families.stale .scroll { opacity: .45; }
.eg-families button.row { display: flex; align-items: center; gap: 8px; width: 100%; border: 0; border-bottom: 1px solid var(--eg-line, #e3e6eb); background: none; text-align: left; padding: 6px 12px; }
.eg-families button.row:hover { background: var(--eg-raised, #eef0f4); }
.eg-families button.row.open { background: var(--eg-selected-soft, #fff4dc); }
.eg-families .n { width: 30px; text-align: right; flex: none; } .eg-families .in { width: 52px; text-align: right; flex: none; }
.eg-families p { margin: 0; padding: 10px 12px; color: var(--eg-muted, #667085); font-size: 11.5px; line-height: 1.5; }
`;

function render({model, el}) {
  const head = h("div", {class: "head"}), scroll = h("div", {class: "scroll"});
  const root = h("section", {class: "eg eg-families", "aria-label": "Families"}, head, scroll);
  el.append(h("style", {}, BASE + STYLE), root);
  function draw() {
    const rows = model.get("rows") || [];
    root.classList.toggle("stale", model.get("state") === "stale");
    fill(head, h("h2", {}, "Families"), h("span", {class: "quiet cut"}, model.get("about") || ""), h("span", {class: "push quiet"}, rows.length ? "n · in panel" : ""));
    fill(scroll, rows.map((row) => h("button", {type: "button", class: `row ${row.biomarker === model.get("opened") ? "open" : ""}`, onclick: () => emit(model, "open", {biomarker: row.biomarker})},
      badge(row.badge, hue(row.dimension)), h("span", {class: "cut"}, row.biomarker), h("span", {class: "push n"}, row.size), h("span", {class: "in quiet", title: "share of the folds whose panel held a member"}, row.chosen === null ? "" : share(row.chosen)))),
    model.get("note") ? h("p", {}, model.get("note")) : null);
  }
  const stop = watch(model, ["rows", "about", "note", "state", "opened"], draw);
  draw();
  return stop;
}

export default {render};
