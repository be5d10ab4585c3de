// The caliper: drag between two points of a lead to read the time, the rate and the voltage between them.

import { FONT, halo } from "./ink.js";
import { panelAt, xOf } from "./page.js";
import { caliperText } from "./words.js";

export class Caliper {
  constructor() {
    this.clear();
  }

  clear() {
    this.place = null;
    this.told = null;
  }

  start(page, at) {
    const hit = panelAt(page, at.x, at.y);
    if (!hit) return;
    const from = pointOf(page, hit.panel, at);
    this.place = { row: hit.panel.row, column: hit.panel.column, lead: hit.panel.lead, from, to: from };
  }

  pull(page, at) {
    const panel = this.panel(page);
    if (panel) this.place = { ...this.place, to: pointOf(page, panel, at) };
    return Boolean(panel);
  }

  /** The measurement, once for each. */
  news() {
    const { place } = this;
    if (!place || place.from === place.to || this.told === place) return null;
    this.told = place;
    const { from, to, lead } = place;
    return { lead, start_s: from.time, stop_s: to.time, ms: (to.time - from.time) * 1000, mv: to.mv - from.mv };
  }

  text() {
    return this.place ? caliperText(this.place) : "";
  }

  panel(page) {
    return this.place && page.panels.find((p) => p.row === this.place.row && p.column === this.place.column);
  }

  draw(ctx, page, colours) {
    const panel = this.panel(page);
    if (panel) drawBox(ctx, page, panel, { caliper: this.place, colours });
  }
}

function pointOf(page, panel, at) {
  const x = Math.min(panel.x1, Math.max(panel.x0, at.x));
  return { time: panel.start + (x - panel.x0) / page.perSecond, mv: (panel.zero - at.y) / page.perMv };
}

/** The measurement between two points of one panel: ms, bpm and mV beside the box, never on it. */
function drawBox(ctx, page, panel, { caliper, colours }) {
  const x0 = xOf(page, panel, caliper.from.time);
  const x1 = xOf(page, panel, caliper.to.time);
  const y0 = panel.zero - caliper.from.mv * page.perMv;
  const y1 = panel.zero - caliper.to.mv * page.perMv;
  const [left, right] = x0 < x1 ? [x0, x1] : [x1, x0];
  const [top, bottom] = y0 < y1 ? [y0, y1] : [y1, y0];
  ctx.fillStyle = colours.window;
  ctx.fillRect(left, top, right - left, bottom - top);
  ctx.strokeStyle = colours.accent;
  ctx.lineWidth = 1.25;
  ctx.beginPath();
  for (const x of [x0, x1]) {
    ctx.moveTo(x, Math.min(top, panel.top + 4));
    ctx.lineTo(x, Math.max(bottom, panel.bottom - 4));
  }
  for (const y of [y0, y1]) {
    ctx.moveTo(left, y);
    ctx.lineTo(right, y);
  }
  ctx.stroke();
  const text = caliperText(caliper);
  ctx.font = `600 12px ${FONT}`;
  ctx.textBaseline = "top";
  ctx.textAlign = "left";
  const width = ctx.measureText(text).width;
  const x = right + 8 + width < page.box.left + page.box.width ? right + 8 : Math.max(page.box.left + 2, left - 8 - width);
  const y = Math.min(Math.max(top - 18, page.box.top + 2), page.box.top + page.box.height - 16);
  halo(ctx, text, x, y, colours.accent, colours.paper);
}
