// Calipers: several, each between two points of a lead; time, rate and voltage, marched out where asked. Rows as the
// host has them: lead, label, start_s, stop_s, start_mv, stop_mv, march, ms, bpm, mv.

import { FONT, halo } from "./ink.js";
import { panelAt, xOf } from "./page.js";
import { caliperText } from "./words.js";

const REACH = 7; // px around an edge that still take hold of it

export class Calipers {
  constructor() {
    this.items = [];
    this.at = -1;
    this.edge = "stop";
    this.grip = null;
    this.labels = [];
  }

  take(list) {
    if (this.grip || JSON.stringify(list ?? []) === JSON.stringify(this.items)) return;
    this.items = (list ?? []).map((row) => measured(row));
    this.at = Math.min(this.at, this.items.length - 1);
  }

  get chosen() {
    return this.items[this.at] ?? null;
  }

  start(page, at, snap) {
    const held = this.hit(page, at);
    const spot = panelAt(page, at.x, at.y);
    if (!spot) return;
    const { row, column } = spot.panel;
    if (held) {
      this.at = held.index;
      this.edge = held.edge;
      this.grip = { row, column, fresh: false };
      return;
    }
    const from = pointOf(page, spot.panel, at, snap);
    const item = { lead: spot.panel.lead, start_s: from.time, stop_s: from.time, start_mv: from.mv, stop_mv: from.mv, march: false, label: this.free() };
    this.items = [...this.items, measured(item)];
    this.at = this.items.length - 1;
    this.edge = "stop";
    this.grip = { row, column, fresh: true };
  }

  pull(page, at, snap) {
    const panel = this.grip && page.panels.find((p) => p.row === this.grip.row && p.column === this.grip.column);
    if (!panel) return false;
    const to = pointOf(page, panel, at, snap);
    this.change({ [`${this.edge}_s`]: to.time, [`${this.edge}_mv`]: to.mv });
    return true;
  }

  /** Let go; a press that measured nothing leaves nothing. */
  finish() {
    const item = this.chosen;
    if (this.grip?.fresh && item && item.start_s === item.stop_s && item.start_mv === item.stop_mv) this.remove();
    this.grip = null;
  }

  hit(page, at) {
    const spot = panelAt(page, at.x, at.y);
    for (let index = this.items.length - 1; spot && index >= 0; index--) {
      const item = this.items[index];
      if (item.lead !== spot.panel.lead) continue;
      for (const edge of ["stop", "start"]) {
        if (Math.abs(xOf(page, spot.panel, item[`${edge}_s`]) - at.x) <= REACH) return { index, edge };
      }
    }
    return null;
  }

  change(values) {
    this.items = this.items.map((item, index) => (index === this.at ? measured({ ...item, ...values }) : item));
  }

  add(item) {
    this.items = [...this.items, measured(item)];
    this.at = this.items.length - 1;
    this.edge = "stop";
  }

  /** The first label that no caliper has yet. */
  free() {
    return this.labels.find((label) => !this.items.some((item) => item.label === label)) ?? "";
  }

  /** Give the chosen caliper the next label. */
  relabel() {
    if (!this.chosen || !this.labels.length) return;
    const choices = ["", ...this.labels];
    this.change({ label: choices[(choices.indexOf(this.chosen.label ?? "") + 1) % choices.length] });
  }

  remove() {
    this.items = this.items.filter((_, index) => index !== this.at);
    this.at = this.items.length - 1;
  }

  choose(step) {
    const count = this.items.length;
    if (count) this.at = (this.at + step + count) % count;
  }

  text() {
    return this.chosen ? caliperText(this.chosen) : "";
  }

  draw(ctx, page, colours, measuring) {
    this.items.forEach((item, index) => {
      const panels = page.panels.filter((p) => p.lead === item.lead && item.start_s <= p.stop && item.stop_s >= p.start);
      const near = page.panels.filter((p) => p.lead === item.lead);
      const chosen = measuring && index === this.at;
      if (item.march) near.forEach((panel) => drawMarch(ctx, page, panel, item, colours));
      panels.forEach((panel, n) => drawBox(ctx, page, panel, { item, colours, chosen, edge: this.edge, label: n === 0 }));
    });
  }
}

/** What a key does to the chosen caliper; false when it is none of theirs. */
export function pressCaliper(calipers, name, { shift, tick, view }) {
  if (name === "Enter") {
    calipers.add({ lead: view.lead, start_s: view.middle, stop_s: view.middle + 0.2, start_mv: 0, stop_mv: 0, march: false, label: calipers.free() });
    return true;
  }
  const item = calipers.chosen;
  if (!item) return false;
  const { edge } = calipers;
  const many = shift ? 10 : 1;
  const acts = {
    ArrowLeft: () => calipers.change({ [`${edge}_s`]: Math.max(0, item[`${edge}_s`] - tick * many) }),
    ArrowRight: () => calipers.change({ [`${edge}_s`]: Math.min(view.duration, item[`${edge}_s`] + tick * many) }),
    ArrowUp: () => calipers.change({ [`${edge}_mv`]: item[`${edge}_mv`] + 0.01 * many }),
    ArrowDown: () => calipers.change({ [`${edge}_mv`]: item[`${edge}_mv`] - 0.01 * many }),
    o: () => { calipers.edge = edge === "stop" ? "start" : "stop"; },
    w: () => calipers.change({ march: !item.march }),
    t: () => calipers.relabel(),
    "[": () => calipers.choose(-1),
    "]": () => calipers.choose(1),
    Delete: () => calipers.remove(),
    Backspace: () => calipers.remove(),
  };
  acts[name]?.();
  return name in acts;
}

function measured(row) {
  const round = (value, digits) => Math.round(value * 10 ** digits) / 10 ** digits;
  const [start, stop] = [round(row.start_s, 5), round(row.stop_s, 5)];
  const [low, high] = [round(row.start_mv ?? 0, 4), round(row.stop_mv ?? 0, 4)];
  const seconds = Math.abs(stop - start);
  return {
    lead: row.lead, label: row.label ?? "", start_s: start, stop_s: stop, start_mv: low, stop_mv: high, march: Boolean(row.march),
    ms: round((stop - start) * 1000, 2), bpm: seconds > 0.15 ? round(60 / seconds, 1) : null, mv: round(high - low, 4),
  };
}

function pointOf(page, panel, at, snap) {
  const x = Math.min(panel.x1, Math.max(panel.x0, at.x));
  const time = panel.start + (x - panel.x0) / page.perSecond;
  return { time: snap(panel.lead, time, REACH / page.perSecond), mv: (panel.zero - at.y) / page.perMv };
}

function drawMarch(ctx, page, panel, item, colours) {
  const every = Math.abs(item.stop_s - item.start_s);
  if (every * page.perSecond < 4) return;
  ctx.strokeStyle = colours.accent;
  ctx.lineWidth = 1;
  ctx.setLineDash([3, 3]);
  ctx.beginPath();
  for (let k = Math.ceil((panel.start - item.start_s) / every); item.start_s + k * every <= panel.stop; k++) {
    const x = xOf(page, panel, item.start_s + k * every);
    ctx.moveTo(x, panel.top + 4);
    ctx.lineTo(x, panel.bottom - 4);
  }
  ctx.stroke();
  ctx.setLineDash([]);
}

/** The measurement between two points of one panel: ms, beats a minute and mV beside the box, never on it. */
function drawBox(ctx, page, panel, { item, colours, chosen, edge, label }) {
  const [x0, x1] = [xOf(page, panel, item.start_s), xOf(page, panel, item.stop_s)];
  const [y0, y1] = [panel.zero - item.start_mv * page.perMv, panel.zero - item.stop_mv * page.perMv];
  const [left, right] = x0 < x1 ? [x0, x1] : [x1, x0];
  const [top, bottom] = y0 < y1 ? [y0, y1] : [y1, y0];
  ctx.fillStyle = colours.window;
  ctx.fillRect(left, top, right - left, bottom - top);
  ctx.strokeStyle = colours.accent;
  for (const [x, name] of [[x0, "start"], [x1, "stop"]]) {
    ctx.lineWidth = chosen && name === edge ? 2.25 : 1.25;
    ctx.beginPath();
    ctx.moveTo(x, Math.min(top, panel.top + 4));
    ctx.lineTo(x, Math.max(bottom, panel.bottom - 4));
    ctx.stroke();
  }
  ctx.lineWidth = 1.25;
  ctx.beginPath();
  for (const y of [y0, y1]) {
    ctx.moveTo(left, y);
    ctx.lineTo(right, y);
  }
  ctx.stroke();
  if (!label) return;
  const text = caliperText(item);
  ctx.font = `600 12px ${FONT}`;
  ctx.textBaseline = "top";
  ctx.textAlign = "left";
  const width = ctx.measureText(text).width;
  const x = right + 8 + width < page.box.left + page.box.width ? right + 8 : Math.max(page.box.left + 2, left - 8 - width);
  const y = Math.min(Math.max(top - 18, page.box.top + 2), page.box.top + page.box.height - 16);
  halo(ctx, text, x, y, colours.accent, colours.paper);
}
