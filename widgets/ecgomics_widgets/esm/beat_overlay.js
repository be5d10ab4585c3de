// Representative beats of two groups on one paper: median as a line, the middle half of the records as a band.
import {follow} from "./chart/theme.js";
import {BASE, emit, fill, float32, h, svg, watch} from "./dom.js";

const STYLE = `
.eg-beats { display: flex; flex-direction: column; }
.eg-beats .area { flex: 1; min-height: 150px; position: relative; overflow: hidden; }
.eg-beats svg { position: absolute; inset: 0; width: 100%; height: 100%; display: block; }
.eg-beats .foot { display: flex; flex-wrap: wrap; gap: 2px 12px; padding: 6px 12px; font-size: 11.5px; color: var(--eg-muted, #667085); }
.eg-beats .foot i { display: inline-block; width: 14px; height: 0; border-top: 2px solid; margin-right: 5px; vertical-align: 3px; }
.eg-beats .minor { stroke: var(--eg-grid-minor, #fbe6e6); }
.eg-beats .major { stroke: var(--eg-grid-major, #f3c9c9); }
`;
const PAD = 6;

function bounds(parts) {
  let low = Infinity, high = -Infinity;
  for (const values of parts) for (const value of values) if (Number.isFinite(value)) { low = Math.min(low, value); high = Math.max(high, value); }
  return low < high ? [Math.min(low, -0.1), Math.max(high, 0.1)] : [-0.5, 1];
}

function render({model, el}) {
  const head = h("div", {class: "head"}), area = h("div", {class: "area"}), foot = h("div", {class: "foot"});
  const root = h("section", {class: "eg eg-beats", "aria-label": "Representative beats"}, head, area, foot);
  el.append(h("style", {}, BASE + STYLE), root);

  function lines(lead) {
    const offsets = float32(model.get("offset")), n = offsets.length, leads = model.get("leads") || [], place = leads.indexOf(lead);
    const cut = (bytes, rows, row) => { const all = float32(bytes); return all.length ? all.subarray((place * rows + row) * n, (place * rows + row + 1) * n) : new Float32Array(0); };
    const trio = (name) => ({median: cut(model.get(name), 3, 0), low: cut(model.get(name), 3, 1), high: cut(model.get(name), 3, 2)});
    return {offsets, group: trio("group"), rest: trio("rest"), own: cut(model.get("own"), 1, 0)};
  }

  function picture(data) {
    const width = area.clientWidth || 300, height = area.clientHeight || 160, {offsets, group, rest, own} = data;
    const [low, high] = bounds([group.median, group.low, group.high, rest.median, rest.low, rest.high, own]);
    const first = offsets[0], last = offsets[offsets.length - 1];
    const x = (second) => ((second - first) / (last - first)) * width;
    const y = (mv) => PAD + (1 - (mv - low) / (high - low)) * (height - 2 * PAD);
    const drawing = svg("svg", {viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `representative beats in lead ${model.get("lead")}`});
    const rule = (x1, y1, x2, y2, name) => drawing.append(svg("line", {x1, y1, x2, y2, class: name, "stroke-width": 1}));
    for (let second = Math.ceil(first / 0.04) * 0.04; second <= last; second += 0.04) rule(x(second), 0, x(second), height, Math.abs(second / 0.2 - Math.round(second / 0.2)) < 0.01 ? "major" : "minor");
    const step = high - low > 3 ? 0.5 : 0.1;
    for (let mv = Math.ceil(low / step - 1) * step; mv <= high + step; mv += step) rule(0, y(mv), width, y(mv), Math.abs(mv / (5 * step) - Math.round(mv / (5 * step))) < 0.01 ? "major" : "minor");
    const line = (values, stroke, thick) => {
      let path = "", pen = false;
      values.forEach((value, i) => { if (Number.isFinite(value)) { path += `${pen ? "L" : "M"}${x(offsets[i]).toFixed(1)} ${y(value).toFixed(1)}`; pen = true; } else pen = false; });
      if (path) drawing.append(svg("path", {d: path, fill: "none", stroke, "stroke-width": thick, "stroke-linejoin": "round"}));
    };
    const band = (part, fill) => {
      const upper = [], lower = [];
      part.high.forEach((value, i) => { if (Number.isFinite(value) && Number.isFinite(part.low[i])) { upper.push(`${x(offsets[i]).toFixed(1)} ${y(value).toFixed(1)}`); lower.unshift(`${x(offsets[i]).toFixed(1)} ${y(part.low[i]).toFixed(1)}`); } });
      if (upper.length) drawing.append(svg("path", {d: `M${[...upper, ...lower].join("L")}Z`, fill, "fill-opacity": 0.28}));
    };
    band(rest, "var(--eg-rest, #98a2b3)");
    band(group, "var(--eg-selected, #e69f00)");
    line(rest.median, "var(--eg-rest, #98a2b3)", 1.6);
    line(group.median, "var(--eg-selected, #e69f00)", 1.8);
    line(own, "var(--eg-ink, #161a22)", 1);
    return drawing;
  }

  function draw() {
    const leads = model.get("leads") || [], lead = leads.includes(model.get("lead")) ? model.get("lead") : leads[0];
    const select = h("select", {"aria-label": "lead", onchange: () => { model.set("lead", select.value); model.save_changes(); emit(model, "lead", {lead: select.value}); draw(); }}, leads.map((name) => h("option", {value: name}, `lead ${name}`)));
    select.value = lead || "";
    fill(head, h("h2", {title: "line: median of the records; band: middle half of them; bold grid: 0.2 s"}, "Representative beats"), h("span", {class: "push"}), leads.length ? select : null);
    if (!leads.length) {
      fill(area, h("div", {class: "none"}, model.get("message") || "No representative beat yet."));
      fill(foot);
      return;
    }
    const data = lines(lead), names = model.get("names") || {};
    fill(area, picture(data));
    const key = (text, colour) => h("span", {title: "line: median; band: middle half of the records"}, h("i", {style: {borderColor: colour}}), text);
    fill(foot, ...[
      data.group.median.length ? key(names.group || "group", "var(--eg-selected, #e69f00)") : null,
      data.rest.median.length ? key(names.rest || "rest", "var(--eg-rest, #98a2b3)") : null,
      data.own.length ? key(names.own || "this record", "var(--eg-ink, #161a22)") : null,
    ]);
  }

  const size = new ResizeObserver(() => { if ((model.get("leads") || []).length) draw(); });
  size.observe(area);
  const undress = follow(model, root, () => {});
  const stop = watch(model, ["offset", "leads", "lead", "group", "rest", "own", "names", "message"], draw);
  draw();
  return () => { size.disconnect(); undress(); stop(); };
}

export default {render};
