// Evidence: why a rule is met, or what a biomarker is and how two groups differ in it.
import {BASE, emit, fill, h, hue, svg, watch} from "./dom.js";
import {SWEEP, sweep} from "./limit_sweep.js";

const STYLE = `
.eg-why { display: flex; flex-direction: column; }
.eg-why .scroll { flex: 1; overflow-y: auto; min-height: 0; }
.eg-why .head .dim { width: 8px; height: 8px; border-radius: 2px; flex: none; }
.eg-why .part { padding: 10px 12px; border-bottom: 1px solid var(--eg-line, #e3e6eb); }
.eg-why .part:last-child { border-bottom: 0; }
.eg-why .lead { color: var(--eg-muted, #667085); font-size: 11.5px; margin: 0 0 6px; line-height: 1.45; }
.eg-why .lead b { color: var(--eg-ink, #161a22); font-weight: 600; }
.eg-why .lead b.met { color: var(--eg-accent, #b4233a); }
.eg-why h3 { font-size: 13px; font-weight: 600; margin: 0 0 4px; display: flex; gap: 6px; align-items: baseline; }
.eg-why .clause { display: grid; grid-template-columns: 16px 1fr auto; gap: 6px; padding: 4px 0; align-items: baseline; }
.eg-why .clause .sign { font-weight: 600; color: var(--eg-muted, #667085); }
.eg-why .clause.met .sign { color: var(--eg-good, #12804a); }
.eg-why .clause.met .sign.against { color: var(--eg-accent, #b4233a); }
.eg-why .clause.unknown, .eg-why .clause.not_met { color: var(--eg-muted, #667085); }
.eg-why .clause .value { text-align: right; white-space: nowrap; }
.eg-why .clause .value button { background: none; border: 0; padding: 0; text-decoration: underline dotted; text-underline-offset: 3px; }
.eg-why .clause .note { grid-column: 2 / -1; font-size: 11.5px; color: var(--eg-muted, #667085); }
.eg-why p { margin: 6px 0 0; line-height: 1.45; }
.eg-why p.small { font-size: 11.5px; color: var(--eg-muted, #667085); overflow-wrap: anywhere; }
.eg-why .spread { display: block; width: 100%; height: 148px; overflow: visible; }
.eg-why .spread text { font-size: 11px; fill: var(--eg-muted, #667085); }
.eg-why .key { display: flex; flex-wrap: wrap; gap: 2px 12px; font-size: 11.5px; color: var(--eg-muted, #667085); padding-top: 4px; }
.eg-why .key i { display: inline-block; width: 10px; height: 10px; border-radius: 2px; margin-right: 5px; vertical-align: -1px; }
.eg-why .chips { display: flex; flex-wrap: wrap; gap: 4px; align-items: center; padding-top: 4px; }
.eg-why .chips .quiet { width: 48px; }
.eg-why .close { display: var(--eg-close, inline-block); font-size: 15px; line-height: 1; }
.eg-why .do { border: 1px solid var(--eg-line, #e3e6eb); background: none; border-radius: 6px; padding: 3px 10px; font-size: 11.5px; }
.eg-why .spread.brush { cursor: crosshair; touch-action: pan-y; }
.eg-why table { border-collapse: collapse; width: 100%; }
.eg-why td, .eg-why th { padding: 3px 0; text-align: left; font-weight: 400; vertical-align: baseline; }
.eg-why td.n { text-align: right; white-space: nowrap; padding-left: 8px; }
.eg-why td.n b { font-weight: 600; }
.eg-why th { color: var(--eg-muted, #667085); padding-right: 10px; }
.eg-why select { border-color: var(--eg-line, #e3e6eb); color: var(--eg-ink, #161a22); flex: 1; min-width: 0; }
.eg-why .facts td { overflow-wrap: anywhere; }
.eg-why .facts th { white-space: nowrap; }
.eg-why .list { display: flex; flex-wrap: wrap; gap: 4px; padding-top: 4px; }
.eg-why h4 { font-size: 11.5px; font-weight: 400; color: var(--eg-muted, #667085); margin: 8px 0 0; display: flex; gap: 6px; align-items: baseline; }
.eg-why .do:hover { background: var(--eg-raised, #eef0f4); }
`;
const SIGN = {met: "✓", not_met: "✕", unknown: "–"};
const WORD = {met: "met", not_met: "not met", unknown: "cannot be judged"};

function clause(model, item) {
  const value = item.column ? h("button", {title: `what ${item.column} is`, onclick: () => emit(model, "why", {biomarker: item.column})}, item.value) : item.value;
  return h("div", {class: `clause ${item.state}`}, h("span", {class: `sign ${item.role === "against" ? "against" : ""}`, title: WORD[item.state], "aria-label": WORD[item.state]}, SIGN[item.state]),
    h("span", {}, item.text), h("span", {class: "value"}, value), item.note ? h("span", {class: "note"}, item.note) : null);
}

function spread(data) {
  const W = 300, H = 148, floor = H - 20, top = 16, drawing = svg("svg", {class: "spread", viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": data.about});
  const [low, high] = data.range, share = (value) => ((value - low) / (high - low)) * W;
  // bars stand side by side whatever lies between their values: a value has its bar's middle, a limit the edge before it
  const bar = (value, edge) => { const i = data.ticks.findIndex((tick) => tick.at >= value - 1e-9); return (((i < 0 ? data.ticks.length : i) + (edge ? 0 : 0.5)) / data.ticks.length) * W; };
  const x = (value, edge = false) => Math.min(W, Math.max(0, data.bars ? bar(value, edge) : share(value)));
  const peak = Math.max(1e-9, ...data.group, ...data.rest), y = (value) => floor - (value / peak) * (floor - top);
  if (data.reference) {
    const from = x(data.reference[0] ?? low, true), to = x(data.reference[1] ?? high, true);
    drawing.append(svg("rect", {x: from, y: top - 4, width: Math.max(0, to - from), height: floor - top + 4, fill: "var(--eg-raised, #eef0f4)"}));
    const text = svg("text", {x: Math.min(from + 3, W - 60), y: top + 7}, "reference");
    if (to - from > 54) drawing.append(text);
  }
  const area = (values, colour) => {
    if (!values.length) return;
    const step = W / (values.length - 1 || 1);
    const line = values.map((value, i) => `${(i * step).toFixed(1)} ${y(value).toFixed(1)}`).join("L");
    drawing.append(svg("path", {d: `M0 ${floor}L${line}L${W} ${floor}Z`, fill: colour, "fill-opacity": 0.3}), svg("path", {d: `M${line}`, fill: "none", stroke: colour, "stroke-width": 1.5, "stroke-linejoin": "round"}));
  };
  const bars = (values, colour, shift) => values.forEach((value, i) => {
    const width = W / values.length;
    drawing.append(svg("rect", {x: (i + 0.15 + 0.35 * shift) * width, y: y(value), width: width * 0.35, height: floor - y(value), fill: colour, "fill-opacity": 0.75}));
  });
  if (data.bars) { bars(data.rest, "var(--eg-rest, #98a2b3)", 0); bars(data.group, "var(--eg-selected, #e69f00)", 1); } else { area(data.rest, "var(--eg-rest, #98a2b3)"); area(data.group, "var(--eg-selected, #e69f00)"); }
  drawing.append(svg("line", {x1: 0, x2: W, y1: floor, y2: floor, stroke: "var(--eg-line, #e3e6eb)"}));
  if (data.limit !== null && data.limit !== undefined && data.limit >= low && data.limit <= high) {
    drawing.append(svg("line", {x1: x(data.limit, true), x2: x(data.limit, true), y1: top - 4, y2: floor, stroke: "var(--eg-accent, #b4233a)", "stroke-dasharray": "3 2"}));
  }
  if (data.value !== null && data.value !== undefined) {
    const at = x(data.value), right = at > W - 50;
    drawing.append(svg("line", {x1: at, x2: at, y1: top - 4, y2: floor, stroke: "var(--eg-ink, #161a22)", "stroke-width": 1.75}));
    const words = svg("text", {x: right ? at - 3 : at + 3, y: 9, "text-anchor": right ? "end" : "start"}, data.value_text);
    words.style.fill = "var(--eg-ink, #161a22)";
    words.style.fontWeight = "600";
    drawing.append(words);
  }
  for (const tick of data.ticks) {
    const at = data.bars ? (data.ticks.indexOf(tick) + 0.5) * (W / data.ticks.length) : x(tick.at);
    drawing.append(svg("text", {x: at, y: H - 6, "text-anchor": at < 12 ? "start" : at > W - 12 ? "end" : "middle"}, tick.text));
  }
  return drawing;
}

/** Let a stretch of the distribution be drawn: the records with such values are then listed. */
function brushed(model, name, data) {
  const drawing = spread(data);
  if (data.bars) return drawing;
  const [low, high] = data.range, band = svg("rect", {y: 12, height: 116, fill: "var(--eg-selected, #e69f00)", "fill-opacity": 0.25, width: 0});
  drawing.classList.add("brush");
  drawing.append(svg("title", {}, "drag to list the records with such values"), band);
  let from = null;
  const at = (event) => { const edge = drawing.getBoundingClientRect(); return Math.min(1, Math.max(0, (event.clientX - edge.left) / edge.width)); };
  const show = (a, b) => { band.setAttribute("x", Math.min(a, b) * 300); band.setAttribute("width", Math.abs(b - a) * 300); };
  drawing.addEventListener("pointerdown", (event) => { from = at(event); drawing.setPointerCapture(event.pointerId); });
  drawing.addEventListener("pointermove", (event) => { if (from !== null) show(from, at(event)); });
  drawing.addEventListener("pointercancel", () => { from = null; show(0, 0); });
  drawing.addEventListener("pointerup", (event) => {
    const to = at(event), start = from;
    from = null;
    show(0, 0);
    const value = (share) => Number((low + share * (high - low)).toPrecision(4));
    if (start !== null && Math.abs(to - start) > 0.015) emit(model, "range", {name, low: value(Math.min(start, to)), high: value(Math.max(start, to))});
  });
  return drawing;
}

const opener = (model, record, type = "open") => h("button", {class: `chip ${record.group ? "group" : ""}`, title: "open this record", onclick: () => emit(model, type, {record: record.id})}, h("span", {class: "cut"}, record.text));

function versus(model, data) {
  const choose = h("select", {"aria-label": "label to compare with", onchange: () => emit(model, "against", {label: choose.value})},
    h("option", {value: ""}, "choose a label"), data.choices.map((entry) => h("option", {value: entry.value}, entry.text)));
  choose.value = data.chosen || "";
  return h("div", {class: "part versus"}, h("h3", {}, "Against a label", choose),
    data.rows.length ? h("table", {}, h("tbody", {}, data.rows.map((row) => h("tr", {}, h("th", {scope: "row"}, row.name), h("td", {class: "n"}, h("b", {}, row.value)), h("td", {class: "n quiet"}, row.interval), h("td", {class: "n quiet"}, row.counts))))) : null,
    data.differ.filter((kind) => kind.count).map((kind) => [
      h("h4", {}, `${kind.title}: ${kind.count}`, h("button", {class: "plain", title: "make these records the group", onclick: () => emit(model, "differ", {kind: kind.kind})}, "compare →")),
      h("div", {class: "list"}, kind.records.map((record) => opener(model, record, "case")))]),
    data.note ? h("p", {class: "small"}, data.note) : null);
}

function alike(model, data) {
  return h("div", {class: "part"}, h("h3", {}, "Records like this one", data.records.length ? h("button", {class: "plain push", title: "make these records the group", onclick: () => emit(model, "alike")}, "compare →") : null),
    h("div", {class: "list"}, data.records.map((record) => opener(model, record))), data.note ? h("p", {class: "small"}, data.note) : null);
}

function key(data) {
  const item = (colour, text) => h("span", {}, h("i", {style: {background: colour}}), text);
  return h("div", {class: "key"}, data.group_text ? item("var(--eg-selected, #e69f00)", data.group_text) : null, item("var(--eg-rest, #98a2b3)", data.rest_text),
    data.limit !== null && data.limit !== undefined ? h("span", {}, "┆ limit") : null);
}

function extremes(model, rows) {
  return rows.map((row) => h("div", {class: "chips"}, h("span", {class: "quiet"}, row.title),
    row.records.map((record) => opener(model, record))));
}

function parts(model, card) {
  const made = [];
  if (card.facts) made.push(h("div", {class: "part"}, h("table", {class: "facts"}, h("tbody", {}, card.facts.map(([name, text]) => h("tr", {}, h("th", {scope: "row"}, name), h("td", {}, text)))))));
  if (card.alike) made.push(alike(model, card.alike));
  if (card.clauses) {
    made.push(h("div", {class: "part"},
      h("p", {class: "lead"}, h("b", {class: card.state}, card.verdict), card.lead ? ` · ${card.lead}` : ""),
      card.clauses.map((item) => clause(model, item)), card.warning ? h("p", {class: "small", role: "alert"}, card.warning) : null));
  }
  if (card.biomarker) {
    const mine = card.biomarker;
    made.push(h("div", {class: "part"},
      h("h3", {}, h("span", {class: "cut"}, mine.name), h("span", {class: "quiet"}, mine.facts)),
      mine.effect ? h("p", {class: "lead"}, mine.effect) : null,
      mine.spread ? [brushed(model, mine.name, mine.spread), key(mine.spread)] : h("p", {class: "small"}, mine.missing),
      mine.extremes && mine.extremes.length ? [h("h3", {style: {marginTop: "10px"}}, "Most extreme"), extremes(model, mine.extremes)] : null,
      h("div", {class: "chips"}, h("button", {class: "do", title: "sort the records by it", onclick: () => emit(model, "sort", {name: mine.name})}, "sort records"),
        h("button", {class: "do", title: "colour the map by it", onclick: () => emit(model, "colour", {name: mine.name})}, "colour map")),
      mine.definition ? h("p", {}, mine.definition) : null,
      (mine.sources || []).map((line) => h("p", {class: "small"}, line))));
  }
  if (card.versus && card.versus.choices) made.push(versus(model, card.versus));
  if (card.sweep && Object.keys(card.sweep).length) made.push(sweep(model, card.sweep));
  if (card.statement) made.push(h("div", {class: "part"}, h("h3", {}, "The rule"), h("p", {}, card.statement), (card.notes || []).map((note) => h("p", {class: "small"}, note))));
  return made;
}

function render({model, el}) {
  const head = h("div", {class: "head"}), scroll = h("div", {class: "scroll"});
  const root = h("section", {class: "eg eg-why", "aria-label": "Why"}, head, scroll);
  el.append(h("style", {}, BASE + STYLE + SWEEP), root);
  let shown = "";
  function draw() {
    const card = model.get("card") || {};
    fill(head, ...[card.dimension ? h("i", {class: "dim", title: card.dimension, style: {background: hue(card.dimension)}}) : null,
      h("h2", {class: "cut", title: card.title}, card.title || "Why"), h("span", {class: "quiet"}, card.clauses ? "why" : card.facts ? "record" : ""), h("span", {class: "push"}),
      h("button", {class: "plain close", "aria-label": "close", title: "close", onclick: () => emit(model, "close")}, "×")]);
    fill(scroll, ...(card.title ? parts(model, card) : [h("div", {class: "none"}, model.get("message") || "Click a rule, a measurement or a candidate: its evidence appears here.")]));
    if (shown !== card.title) scroll.scrollTop = 0;
    shown = card.title;
  }
  const stop = watch(model, ["card", "message"], draw);
  draw();
  return stop;
}

export default {render};
