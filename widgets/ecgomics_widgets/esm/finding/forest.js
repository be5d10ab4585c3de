// Effects as dots on a line with their intervals, and small charts of what stands behind one effect.
import {h, number, svg} from "../dom.js";

export const share = (value) => number(value, 2).replace(/^(−?)0\./, "$1.");
export const chance = (value) => value === null || value === undefined ? "–" : value < 0.001 ? "<.001" : number(value, value < 0.01 ? 3 : 2).replace(/^0\./, ".");

const stroke = (x1, x2, y1, y2, colour, width) => svg("line", {x1, x2, y1, y2, stroke: colour, "stroke-width": width, "vector-effect": "non-scaling-stroke"});

/** One effect on an axis from `low` to `high` with the value of no effect marked. */
export function forest(row, {colour, from = 0, to = 1, none = 0.5, faded = false}) {
  const at = (value) => 3 + 94 * Math.min(1, Math.max(0, (value - from) / (to - from)));
  const drawing = svg("svg", {viewBox: "0 0 100 18", preserveAspectRatio: "none", "aria-hidden": "true", opacity: faded ? 0.55 : 1});
  drawing.append(stroke(3, 97, 9, 9, "var(--eg-line, #e3e6eb)", 1), stroke(at(none), at(none), 3, 15, "var(--eg-faint, #98a2b3)", 1));
  if (row.value === null || row.value === undefined) return drawing;
  if (row.low !== null && row.high !== null) drawing.append(stroke(at(row.low), at(row.high), 9, 9, colour, 2));
  // a zero-length round-capped line stays a round dot however the drawing is stretched
  const dot = stroke(at(row.value), at(row.value), 9, 9, colour, 8);
  dot.setAttribute("stroke-linecap", "round");
  drawing.append(dot);
  return drawing;
}

/** The badge's shape, as the volcano draws it: a ring, a disc, a diamond, a star. */
export function badge(name, colour) {
  const title = {exploratory: "exploratory", declared: "declared: not yet confirmed", validated: "split-validated", replicated: "replicated"}[name] || name;
  const drawing = svg("svg", {viewBox: "0 0 14 14", width: 14, height: 14, role: "img", "aria-label": title, class: "shape"}, svg("title", {}, title));
  if (name === "replicated") {
    const corners = Array.from({length: 10}, (_, k) => { const r = k % 2 ? 2.7 : 6.6, a = (Math.PI / 5) * k - Math.PI / 2; return `${(7 + r * Math.cos(a)).toFixed(2)},${(7 + r * Math.sin(a)).toFixed(2)}`; });
    drawing.append(svg("polygon", {points: corners.join(" "), fill: colour}));
  } else if (name === "validated") drawing.append(svg("path", {d: "M7 1.6L12.4 7L7 12.4L1.6 7Z", fill: colour}));
  else drawing.append(svg("circle", {cx: 7, cy: 7, r: 4, fill: name === "declared" ? colour : "none", stroke: colour, "stroke-width": 1.7}));
  return drawing;
}

/** Points with intervals from left to right, joined: dose and response, or what was foretold and what happened. */
export function curve({points, x, y, width, height, labels = [], ticks = [], diagonal = false, title, colour = "var(--eg-structural, #0072b2)", named = () => ""}) {
  const pad = {left: 34, right: 14, top: 14, bottom: labels.length || !diagonal ? 22 : 22};
  const px = (value) => pad.left + ((value - x[0]) / (x[1] - x[0] || 1)) * (width - pad.left - pad.right);
  const py = (value) => height - pad.bottom - ((value - y[0]) / (y[1] - y[0] || 1)) * (height - pad.top - pad.bottom);
  const drawing = svg("svg", {viewBox: `0 0 ${width} ${height}`, width: "100%", role: "img", "aria-label": title, class: "curve"}, svg("title", {}, title));
  const text = (words, at, up, anchor = "middle", colour = "var(--eg-muted, #667085)") => svg("text", {x: at, y: up, "text-anchor": anchor, fill: colour, "font-size": 11}, words);
  for (const tick of ticks) drawing.append(svg("line", {x1: pad.left, x2: width - pad.right, y1: py(tick.at), y2: py(tick.at), stroke: "var(--eg-line, #e3e6eb)"}), text(tick.text, pad.left - 6, py(tick.at) + 4, "end"));
  if (diagonal) drawing.append(svg("line", {x1: px(x[0]), y1: py(x[0]), x2: px(x[1]), y2: py(x[1]), stroke: "var(--eg-faint, #98a2b3)", "stroke-dasharray": "3 3"}));
  drawing.append(svg("polyline", {points: points.map((p) => `${px(p.x).toFixed(1)},${py(p.y).toFixed(1)}`).join(" "), fill: "none", stroke: colour, "stroke-width": 1.5}));
  points.forEach((point, k) => {
    drawing.append(svg("line", {x1: px(point.x), x2: px(point.x), y1: py(point.low), y2: py(point.high), stroke: "var(--eg-muted, #667085)"}), svg("circle", {cx: px(point.x), cy: py(point.y), r: 3.2, fill: colour}));
    const words = named(point, k);
    if (words) drawing.append(text(words, px(point.x) - 6, py(point.y) - 7, px(point.x) < pad.left + 20 ? "start" : "end", "var(--eg-ink, #161a22)"));
  });
  labels.forEach((label) => drawing.append(text(label.text, px(label.at), height - 6)));
  return drawing;
}

export const section = (title, about, ...children) => h("section", {class: "part"}, h("h3", {}, title, about ? h("span", {class: "quiet"}, ` ${about}`) : null), ...children);
