// Above the strip: whose record this is, its standard measurements with their references, and the criteria it meets.
import {BASE, emit, fill, h, watch} from "./dom.js";

const STYLE = `
.eg-bar { display: flex; align-items: stretch; gap: 16px; padding: 6px 12px; height: auto; min-height: 56px; border-bottom: 1px solid var(--eg-line, #e3e6eb); container-type: inline-size; }
.eg-bar .row { display: flex; align-items: center; gap: 6px 18px; width: 100%; min-width: 0; }
.eg-bar .who { flex: 0 1 auto; min-width: 84px; max-width: 150px; padding-right: 14px; border-right: 1px solid var(--eg-line, #e3e6eb); }
.eg-bar .who .name { background: none; border: 0; padding: 0; max-width: 100%; text-align: left; display: block; }
.eg-bar .who .name:hover b { text-decoration: underline; text-underline-offset: 2px; }
.eg-bar .who b { font-weight: 600; font-size: 15px; display: block; }
.eg-bar .who div { display: flex; gap: 8px; align-items: center; }
.eg-bar .day { color: var(--eg-link, #0067a3); }
.eg-bar .dot { width: 8px; height: 8px; border-radius: 50%; display: inline-block; margin-right: 5px; background: var(--eg-faint, #98a2b3); }
.eg-bar .dot.good { background: var(--eg-good, #12804a); }
.eg-bar .dot.fair { background: var(--eg-fair, #d99a00); border-radius: 2px; }
.eg-bar .dot.poor { background: var(--eg-poor, #b4233a); border-radius: 2px; transform: rotate(45deg); }
.eg-bar .values { display: flex; align-items: flex-start; gap: 4px 13px; flex: 0 0 auto; }
.eg-bar .value { background: none; border: 0; padding: 2px 4px; margin: 0 -4px; text-align: left; border-radius: 6px; flex: none; }
.eg-bar .value:hover { background: var(--eg-raised, #eef0f4); }
.eg-bar .value .title { display: flex; gap: 5px; line-height: 1.25; }
.eg-bar .value .range { font-size: 10.5px; }
.eg-bar .value b { font-size: 16px; font-weight: 600; line-height: 1.2; }
.eg-bar .value.out b, .eg-bar .value.out .range { color: var(--eg-accent, #b4233a); }
.eg-bar .criteria { flex: 1 1 96px; min-width: 96px; text-align: right; display: flex; flex-direction: column; align-items: flex-end; line-height: 1.25; }
.eg-bar .criteria button { max-width: 100%; background: none; border: 0; padding: 0; color: var(--eg-accent, #b4233a); font-weight: 600; text-align: inherit; }
.eg-bar .criteria button:hover { text-decoration: underline; text-underline-offset: 2px; }
.eg-bar .steps { display: grid; grid-template-columns: 30px 30px; gap: 2px 4px; flex: none; margin-left: auto; text-align: center; }
.eg-bar .steps .quiet { grid-column: 1 / -1; white-space: nowrap; font-size: 11px; }
.eg-bar .step { border: 1px solid var(--eg-line, #e3e6eb); background: none; border-radius: 6px; width: 30px; height: 24px; padding: 0; }
.eg-bar .step:hover { background: var(--eg-raised, #eef0f4); }
@container (max-width: 690px) {
  .eg-bar .row { flex-wrap: wrap; }
  .eg-bar .who { flex: 1 1 60%; max-width: none; border: 0; padding: 0; order: 1; }
  .eg-bar .steps { order: 2; }
  .eg-bar .values { order: 3; flex: 1 1 100%; flex-wrap: wrap; justify-content: space-between; }
  .eg-bar .criteria { order: 4; flex: 1 1 100%; flex-flow: row wrap; gap: 0 8px; align-items: baseline; }
}
`;
const FEW = 2;

function render({model, el}) {
  const t = (text) => (model.get("texts") || {})[text] ?? text;
  const row = h("div", {class: "row"});
  el.append(h("style", {}, BASE + STYLE), h("section", {class: "eg eg-bar", "aria-label": "Record"}, row));
  const move = (by) => () => emit(model, "step", {by});
  function value(item) {
    return h("button", {class: `value ${item.out ? "out" : ""}`, title: item.reference ? `${item.column}, reference ${item.reference}` : item.column, onclick: () => emit(model, "why", {biomarker: item.column})},
      h("span", {class: "title quiet"}, item.title, item.out && item.reference ? h("span", {class: "range"}, item.reference) : null),
      h("b", {}, item.value), h("span", {class: "quiet"}, ` ${item.unit}`));
  }
  function criteria(met) {
    if (!met) return null;
    const shown = met.slice(0, FEW), more = met.length - shown.length;
    const names = shown.map((rule) => h("button", {class: "cut", title: `why ${rule.title}`, onclick: () => emit(model, "why", {rule: rule.id})}, rule.title));
    const rest = more > 0 ? h("span", {class: "quiet", title: met.slice(FEW).map((rule) => rule.title).join(" · ")}, `, ${more} ${t("more")}`) : null;
    return h("div", {class: "criteria"}, h("span", {class: "quiet"}, met.length ? t("criteria met") : t("no criterion met"), rest), names);
  }
  function draw() {
    const record = model.get("record") || {}, shown = model.get("values") || [];
    if (!record.source) {
      fill(row, h("span", {class: "quiet"}, "no record"));
      return;
    }
    fill(row,
      h("div", {class: "who"}, h("button", {class: "name", title: `${record.source}: what is known of it, and records like it (i)`, onclick: () => emit(model, "why", {record: true})}, h("b", {class: "cut"}, record.source)),
        h("div", {class: "quiet"}, h("span", {class: "cut", title: record.person}, record.person),
          h("span", {title: "share of the signal that can be trusted", style: {whiteSpace: "nowrap"}}, h("i", {class: `dot ${record.state}`}), record.quality),
          record.day ? h("a", {class: "day", href: record.day, title: "the whole recording: its day, events and trends"}, "day") : null)),
      h("div", {class: "values"}, shown.length ? shown.map(value) : h("span", {class: "quiet"}, model.get("message"))),
      criteria(model.get("criteria")),
      h("div", {class: "steps"}, h("span", {class: "quiet"}, record.place),
        h("button", {class: "step", "aria-label": t("previous record"), title: `${t("previous record")} (↑)`, onclick: move(-1)}, "↑"),
        h("button", {class: "step", "aria-label": t("next record"), title: `${t("next record")} (↓)`, onclick: move(1)}, "↓")));
  }
  const stop = watch(model, ["record", "values", "criteria", "message", "texts"], draw);
  draw();
  return stop;
}

export default {render};
