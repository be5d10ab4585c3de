// Criteria with a bar from their limit: met ones first, then the nearest; under the opened one what it would take.
import {BASE, emit, fill, h, watch} from "./dom.js";

const STYLE = `
.eg-margins { display: flex; flex-direction: column; }
.eg-margins ul { list-style: none; margin: 0; padding: 0; flex: 1; min-height: 0; overflow: auto; }
.eg-margins li { border-bottom: 1px solid var(--eg-line); padding: 5px 12px 7px; display: grid; grid-template-columns: 16px minmax(0, 1fr) auto; gap: 2px 6px; align-items: baseline; cursor: pointer; }
.eg-margins li:hover { background: color-mix(in srgb, var(--eg-raised) 50%, transparent); }
.eg-margins li.met .name { font-weight: 600; } .eg-margins li .sign { color: var(--eg-muted); } .eg-margins li.met .sign { color: var(--eg-good); font-weight: 700; }
.eg-margins li.unknown { color: var(--eg-muted); }
.eg-margins .name { background: none; border: 0; padding: 0; text-align: left; font: inherit; color: inherit; }
.eg-margins .margin { white-space: nowrap; } .eg-margins .because { font-size: 11.5px; color: var(--eg-muted); max-width: 150px; text-align: right; }
.eg-margins .bar { grid-column: 1 / 4; position: relative; height: 5px; border-radius: 3px; background: var(--eg-raised); margin-top: 2px; }
.eg-margins .bar i { position: absolute; top: 0; bottom: 0; background: var(--eg-faint); border-radius: 2px; }
.eg-margins li.met .bar i { background: var(--eg-structural); }
.eg-margins .bar u { position: absolute; left: 50%; top: -3px; bottom: -3px; width: 2px; margin-left: -1px; background: var(--eg-muted); }
.eg-margins .more { grid-column: 1 / 4; padding: 6px 0 2px; font-size: 12px; cursor: default; }
.eg-margins .more p { margin: 0 0 4px; color: var(--eg-muted); } .eg-margins .take { background: var(--eg-accent-soft); border-radius: 8px; padding: 8px 10px; }
.eg-margins .take h4 { margin: 0 0 4px; font-size: 12.5px; } .eg-margins .take .do { display: flex; flex-wrap: wrap; gap: 6px; margin-top: 6px; }
.eg-margins .take button { border: 1px solid var(--eg-line); background: var(--eg-panel); border-radius: 8px; padding: 5px 10px; font-weight: 600; }
`;
const SIGN = {met: "✓", not_met: "○", unknown: "–"};

function render({model, el}) {
  const t = (text) => (model.get("texts") || {})[text] ?? text;
  const head = h("div", {class: "head"}), list = h("ul", {"aria-label": model.get("title")});
  el.append(h("style", {}, BASE + STYLE), h("section", {class: "eg eg-margins", "aria-label": model.get("title")}, head, list));

  function row(item) {
    const open = item.id === model.get("opened"), answer = model.get("answer") || {};
    const ask = () => emit(model, "open", {id: item.id});
    const size = Math.min(1, Math.abs(item.bar ?? 0)) * 50;
    const bar = item.bar === null || item.bar === undefined ? null : h("div", {class: "bar", "aria-hidden": "true"}, h("i", {style: item.bar >= 0 ? {left: "50%", width: `${size}%`} : {left: `${50 - size}%`, width: `${size}%`}}), h("u", {}));
    return h("li", {class: item.state, onclick: (event) => { if (!event.target.closest("button, .more")) ask(); }},
      h("span", {class: "sign", "aria-hidden": "true"}, SIGN[item.state]),
      h("button", {class: "name cut", "aria-expanded": String(open), "aria-label": `${item.title}: ${t({met: "met", not_met: "not met", unknown: "not judged"}[item.state])} ${item.margin || ""}`, onclick: ask}, item.title),
      item.why ? h("span", {class: "because"}, item.why) : h("span", {class: "margin"}, item.margin), bar, open ? more(item, answer) : null);
  }
  function more(item, answer) {
    return h("div", {class: "more"}, (item.clauses || []).map((text) => h("p", {}, text)),
      h("div", {class: "take", role: "status"}, h("h4", {}, t("What would it take?")), h("span", {}, answer.busy ? t("searching …") : answer.text || ""),
        h("div", {class: "do"}, (answer.options || []).map((option) => h("button", {onclick: () => emit(model, "apply", {parameter: option.parameter, value: option.value})}, option.label)))));
  }
  function draw() {
    fill(head, h("h2", {}, model.get("title")), h("span", {class: "quiet cut"}, model.get("note")));
    const top = list.scrollTop;
    fill(list, (model.get("rows") || []).map(row));
    list.scrollTop = top;
  }
  draw();
  return watch(model, ["title", "note", "rows", "opened", "answer", "texts"], draw);
}

export default {render};
