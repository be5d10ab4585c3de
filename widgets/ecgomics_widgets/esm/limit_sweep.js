// A rule's limit at other numbers: share met, sensitivity, specificity and PPV by limit; a number may become the limit.
import {emit, h, number, svg} from "./dom.js";

export const SWEEP = `
.eg-why .sweep svg { display: block; width: 100%; height: 150px; cursor: crosshair; touch-action: pan-y; border-radius: 4px; overflow: visible; }
.eg-why .sweep text { font-size: 11px; fill: var(--eg-muted, #667085); }
.eg-why .sweep .at { min-height: 3.2em; }
.eg-why .sweep.stale svg { opacity: .45; }
`;
const W = 300, H = 150, LEFT = 26, FLOOR = H - 20, TOP = 8;
const dash = {rest: "3 2", comparative: "1 2"};

/** The nearest number that was tried. */
function nearest(limits, value) {
  let best = 0;
  for (let i = 1; i < limits.length; i += 1) if (Math.abs(limits[i] - value) < Math.abs(limits[best] - value)) best = i;
  return best;
}

function picture(data, x, y, colour) {
  const drawing = svg("svg", {viewBox: `0 0 ${W} ${H}`, role: "slider", tabindex: 0, "aria-label": `limit of ${data.text}`, "aria-valuemin": data.limits[0], "aria-valuemax": data.limits[data.limits.length - 1]});
  for (const share of [0, 0.5, 1]) {
    drawing.append(svg("line", {x1: LEFT, x2: W, y1: y(share), y2: y(share), stroke: "var(--eg-line, #e3e6eb)"}), svg("text", {x: LEFT - 5, y: y(share) + 4, "text-anchor": "end"}, share === 0.5 ? ".5" : String(share)));
  }
  for (const curve of data.curves) {
    let pen = "M";
    const path = curve.values.map((value, i) => {
      if (value === null) { pen = "M"; return ""; }
      const piece = `${pen}${x(data.limits[i]).toFixed(1)} ${y(value).toFixed(1)}`;
      pen = "L";
      return piece;
    }).join("");
    drawing.append(svg("path", {d: path, fill: "none", stroke: colour(curve), "stroke-width": 1.6, "stroke-dasharray": dash[curve.colour]}));
  }
  const first = data.limits[0], last = data.limits[data.limits.length - 1];
  for (const share of [0, 0.5, 1]) {
    const value = first + share * (last - first);
    drawing.append(svg("text", {x: x(value), y: H - 5, "text-anchor": ["start", "middle", "end"][share * 2]}, Number(value.toPrecision(3)).toString().replace("-", "−")));
  }
  drawing.append(svg("line", {x1: x(data.limit), x2: x(data.limit), y1: TOP - 4, y2: FLOOR, stroke: "var(--eg-accent, #b4233a)", "stroke-width": 1.5}));
  return drawing;
}

export function sweep(model, data) {
  const head = (open) => h("h3", {}, "If the limit were another", h("button", {class: "plain push", "aria-expanded": String(open), onclick: () => emit(model, "sweep", {on: !open})}, open ? "hide" : "draw"));
  if (data.shut) return h("div", {class: "part sweep"}, head(false));
  if (data.message) return h("div", {class: "part sweep"}, head(true), h("p", {class: "small"}, data.message));
  if (!data.limits) return h("div", {class: "part sweep"}, head(true), h("p", {class: "small", role: "status"}, "trying forty limits…"));
  const first = data.limits[0], last = data.limits[data.limits.length - 1];
  const x = (value) => LEFT + ((value - first) / (last - first || 1)) * (W - LEFT), y = (share) => FLOOR - share * (FLOOR - TOP);
  const colour = (curve) => `var(--eg-${curve.colour}, #98a2b3)`;
  const drawing = picture(data, x, y, colour);
  const probe = svg("line", {y1: TOP, y2: FLOOR, stroke: "var(--eg-ink, #161a22)"}), said = h("p", {class: "small at"});
  drawing.append(probe);
  const places = data.step < 0.1 ? 2 : data.step < 1 ? 1 : 0, words = (value) => `${number(value, places)} ${data.unit}`.trim();
  let at = nearest(data.limits, data.limit), use = null;
  function look(place) {
    at = Math.min(data.limits.length - 1, Math.max(0, place));
    const limit = data.limits[at], here = data.curves.map((curve) => `${curve.name} ${curve.values[at] === null ? "–" : `${number(100 * curve.values[at])} %`}`).join(" · ");
    probe.setAttribute("x1", x(limit));
    probe.setAttribute("x2", x(limit));
    said.textContent = `${data.text} ${words(limit)}: ${here}`;
    drawing.setAttribute("aria-valuenow", limit);
    drawing.setAttribute("aria-valuetext", said.textContent);
    use.disabled = Math.abs(limit - data.limit) < 1e-9;
    use.textContent = use.disabled ? "the limit as it stands" : `judge with ${words(limit)}`;
  }
  const set = () => { if (!use.disabled) emit(model, "limit", {clause: data.clause, value: Number((Math.round(data.limits[at] / data.step) * data.step).toPrecision(6))}); };
  use = h("button", {class: "do", type: "button", title: "judge all records with this limit; z takes it back", onclick: set});
  const under = (event) => { const edge = drawing.getBoundingClientRect(); return nearest(data.limits, first + ((((event.clientX - edge.left) / edge.width) * W - LEFT) / (W - LEFT)) * (last - first)); };
  let held = false;
  drawing.addEventListener("pointerdown", (event) => { held = true; drawing.setPointerCapture(event.pointerId); look(under(event)); });
  drawing.addEventListener("pointermove", (event) => { if (held) look(under(event)); });
  for (const end of ["pointerup", "pointercancel"]) drawing.addEventListener(end, () => { held = false; });
  drawing.addEventListener("keydown", (event) => {
    const by = {ArrowLeft: -1, ArrowRight: 1, PageUp: 5, PageDown: -5}[event.key];
    if (by) look(at + by);
    else if (event.key === "Home") look(0);
    else if (event.key === "End") look(data.limits.length - 1);
    else if (event.key === "Enter") set();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  look(at);
  return h("div", {class: `part sweep ${data.stale ? "stale" : ""}`}, head(true), drawing,
    h("div", {class: "key"}, data.curves.map((curve) => h("span", {}, h("i", {style: {background: colour(curve)}}), curve.name)), h("span", {}, "│ limit")),
    said, h("div", {class: "chips"}, use), data.note ? h("p", {class: "small"}, data.note) : null);
}
