// Labels of evidence where they cover neither trace, lead names nor one another: beside their span where there is room,
// farther off with a line that leads to it where there is not, and the rest in a list.

import { FONT, halo, namePlace } from "./ink.js";
import { xOf } from "./page.js";

const LINE = 13;
const LED_MOST = 10; // labels that are looked a farther place for, a frame
const SIDES = [0, -60, 60, -120, 120];

/** Draw labels; gives back those that found no room. */
export function drawLabels(ctx, page, signal, labels, { colours }) {
  const taken = page.panels.map((panel) => nameBox(page, panel)).filter(Boolean);
  ctx.font = `600 11px ${FONT}`;
  ctx.textBaseline = "top";
  ctx.textAlign = "left";
  ctx.lineJoin = "round";
  const widths = new Map();
  const measure = (text) => {
    if (!widths.has(text)) widths.set(text, Math.ceil(ctx.measureText(text).width));
    return widths.get(text);
  };
  const write = (label, box) => {
    taken.push(box);
    halo(ctx, label.span.label, box.x, box.y, colours.texts[label.span.dimension] ?? colours.texts[""], colours.paper);
  };
  const homeless = [];
  const shortFirst = [...labels].sort((a, b) => a.span.label.length - b.span.label.length); // so that most find room
  for (const label of shortFirst) {
    const box = near(page, signal, label, { width: measure(label.span.label), taken });
    if (box) write(label, box);
    else if (inView(label)) homeless.push(label);
  }
  const left = [];
  homeless.forEach((label, n) => {
    const box = n < LED_MOST ? farther(page, signal, label, { width: measure(label.span.label), taken }) : null;
    if (!box) { left.push(label.span); return; }
    lead(ctx, page, label, box, colours);
    write(label, box);
  });
  return left;
}

function inView({ span, panel }) {
  const middle = (span.start + span.stop) / 2;
  return middle > panel.start && middle < panel.stop;
}

function nameBox(page, panel) {
  const { x, y, width } = namePlace(page, panel);
  return width ? { x: x - 2, y, width, height: LINE } : null;
}

function edges(page, { span, panel }) {
  return [Math.max(panel.x0, xOf(page, panel, span.start)), Math.min(panel.x1, xOf(page, panel, span.stop))];
}

/** Room on the span or right beside it. */
function near(page, signal, label, { width, taken }) {
  const { panel } = label;
  const [start, stop] = edges(page, label);
  const xs = [(start + stop - width) / 2, start + 3, stop - width - 3, stop + 3, start - width - 3];
  const floor = page.box.top + page.box.height;
  const top = Math.max(panel.top, page.box.top) + 2;
  const bottom = Math.min(panel.bottom, floor) - LINE - 2;
  const ys = [top, bottom, top + LINE, bottom - LINE];
  if (page.head >= LINE + 3) ys.push(page.box.top + 2); // the lane above all rows, where there is one
  return search(page, signal, panel, { xs, ys, width, taken });
}

/** Room in the rows around, level by level away from the span. */
function farther(page, signal, label, { width, taken }) {
  const { panel } = label;
  const [start, stop] = edges(page, label);
  const middle = (start + stop - width) / 2;
  const top = Math.max(panel.top, page.box.top) + 2;
  const ys = [1, -1, 2, -2, 3, -3, 4].map((k) => top + k * LINE);
  return search(page, signal, panel, { xs: SIDES.map((dx) => middle + dx), ys, width, taken });
}

function search(page, signal, panel, { xs, ys, width, taken }) {
  const floor = page.box.top + page.box.height;
  for (const y of ys) {
    if (y < page.box.top || y + LINE > floor) continue;
    for (const raw of xs) {
      const x = Math.min(Math.max(raw, panel.x0 + 2), panel.x1 - width - 2);
      const box = { x, y, width, height: LINE };
      if (x < panel.x0 || taken.some((other) => overlap(box, other)) || onTrace(page, signal, panel, box)) continue;
      return box;
    }
  }
  return null;
}

/** From a label to its span. */
function lead(ctx, page, label, box, colours) {
  const [start, stop] = edges(page, label);
  const x = (start + stop) / 2;
  const y = Math.min(Math.max(box.y + LINE / 2, label.panel.top + 3), label.panel.bottom - 3);
  const from = Math.min(box.x + box.width, Math.max(box.x, x));
  ctx.strokeStyle = colours.fills[label.span.dimension] ?? colours.fills[""];
  ctx.lineWidth = 1;
  ctx.beginPath();
  ctx.moveTo(from, box.y + LINE / 2);
  ctx.lineTo(Math.min(stop, Math.max(start, from)), y);
  if (from === x) ctx.lineTo(x, label.panel.top + 3);
  ctx.stroke();
}

function onTrace(page, signal, panel, box) {
  const from = panel.start + (box.x - 2 - panel.x0) / page.perSecond;
  const to = panel.start + (box.x + box.width + 2 - panel.x0) / page.perSecond;
  return page.panels.some((p) => {
    if (p.column !== panel.column || p.top >= box.y + box.height + 20 || p.bottom <= box.y - 20) return false;
    const extent = signal.extent(p.lead, p === panel ? from : p.start + from - panel.start, p === panel ? to : p.start + to - panel.start);
    if (!extent) return false;
    const base = signal.baseline[p.lead] ?? 0;
    const top = p.zero - (extent[1] - base) * page.perMv - 2;
    const bottom = p.zero - (extent[0] - base) * page.perMv + 2;
    return box.y < bottom && box.y + box.height > top;
  });
}

function overlap(a, b) {
  return a.x < b.x + b.width + 3 && b.x < a.x + a.width + 3 && a.y < b.y + b.height && b.y < a.y + a.height;
}
