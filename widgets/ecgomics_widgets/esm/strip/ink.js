// What is printed: paper, traces, calibration pulses, lead names, the time ruler.

import { originOf, xOf } from "./page.js";
import { tracePath } from "./signal.js";
import { clock } from "./words.js";

const CHUNK = 512; // device pixels of one cached path
const STEPS_S = [0.04, 0.2, 1, 5, 10, 30, 60, 300, 900, 1800, 3600, 10800, 21600];

export const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif";

/** The grid: thin lines every mm, strong ones every 5 mm, thinned out where they would run together. */
export function drawPaper(ctx, page, colours, { width, height, ratio }) {
  ctx.fillStyle = colours.paper;
  ctx.fillRect(0, 0, width, height);
  const { box } = page;
  ctx.save();
  ctx.beginPath();
  ctx.rect(0, box.top, width, box.height);
  ctx.clip();
  const wide = width - box.left;
  const time = gridSteps(page);
  const volt = page.mmMv >= 2.8 && time[0] ? [page.mmMv, page.mmMv * 5] : [0, page.mmMv * 5];
  const x0 = page.bands.length > 1 || page.simultaneous ? box.left : box.left - page.t0 * page.perSecond;
  const zero = page.panels[0]?.zero ?? box.top;
  [colours.minor, colours.major].forEach((colour, strong) => {
    ctx.strokeStyle = colour;
    ctx.lineWidth = 1 / ratio;
    ctx.beginPath();
    if (time[strong]) verticals(ctx, { step: time[strong], x0, from: box.left, to: box.left + wide, box, ratio });
    if (volt[strong]) horizontals(ctx, { step: volt[strong], zero, box, ratio, from: box.left, to: width });
    ctx.stroke();
  });
  ctx.restore();
}

/** Distance of thin and strong vertical lines, px: 1 and 5 mm of paper, or steps of time where those run together. */
function gridSteps(page) {
  if (page.mm >= 2.8) return [page.mm, 5 * page.mm];
  return [0, page.perSecond * (STEPS_S.find((step) => step * page.perSecond >= 8) ?? 86400)];
}

function verticals(ctx, { step, x0, from, to, box, ratio }) {
  for (let k = Math.ceil((from - x0) / step - 1e-6); x0 + k * step <= to; k++) {
    const x = crisp(x0 + k * step, ratio);
    ctx.moveTo(x, box.top);
    ctx.lineTo(x, box.top + box.height);
  }
}

function horizontals(ctx, { step, zero, box, ratio, from, to }) {
  for (let k = Math.ceil((box.top - zero) / step); zero + k * step <= box.top + box.height; k++) {
    const y = crisp(zero + k * step, ratio);
    ctx.moveTo(from, y);
    ctx.lineTo(to, y);
  }
}

export function crisp(value, ratio) {
  return (Math.floor(value * ratio) + 0.5) / ratio;
}

/** Traces, each from paths cached by stretch of time: a pan only moves them. */
export class Traces {
  constructor() {
    this.key = "";
    this.paths = new Map();
    this.built = 0;
  }

  draw(ctx, page, signal, { colours, ratio }) {
    const column = 1 / (page.perSecond * ratio);
    const state = { kind: "samples", sharp: true };
    ctx.strokeStyle = colours.trace;
    ctx.lineWidth = 1.15;
    ctx.lineJoin = "bevel";
    for (const panel of page.panels) {
      const { tile, sharp } = signal.pick(panel.start, Math.min(panel.stop, signal.duration), column);
      if (!tile) continue;
      if (tile.kind === "envelope") state.kind = "envelope";
      if (!sharp) state.sharp = false;
      this.renew(`${signal.id}|${page.perSecond}|${page.perMv}|${ratio}`);
      this.drawPanel(ctx, page, panel, { tile, signal, ratio });
    }
    return state;
  }

  renew(key) {
    if (key !== this.key || this.paths.size > 1200) this.paths.clear();
    this.key = key;
  }

  drawPanel(ctx, page, panel, { tile, signal, ratio }) {
    if (panel.bottom < page.box.top || panel.top > page.box.top + page.box.height) return;
    const origin = originOf(page, panel, ratio);
    const first = Math.floor(((panel.x0 - origin) * ratio) / CHUNK);
    const last = Math.floor(((panel.x1 - origin) * ratio) / CHUNK);
    ctx.save();
    ctx.beginPath();
    ctx.rect(panel.x0, page.box.top, panel.x1 - panel.x0, page.box.height);
    ctx.clip();
    const zero = Math.round(panel.zero * ratio) / ratio;
    for (let chunk = first; chunk <= last; chunk++) {
      const path = this.path(page, panel.lead, chunk, { tile, signal, ratio });
      if (!path) continue;
      const x = origin + (chunk * CHUNK) / ratio;
      ctx.translate(x, zero);
      ctx.stroke(path);
      ctx.translate(-x, -zero);
    }
    ctx.restore();
  }

  path(page, lead, chunk, { tile, signal, ratio }) {
    // columns lie on one grid whichever tile brought them, so a stretch inside a tile is the same in the next one
    const seconds = CHUNK / ratio / page.perSecond;
    const inside = tile.covers(Math.max(0, (chunk - 0.1) * seconds), Math.min(signal.duration, (chunk + 1.1) * seconds));
    const key = `${lead}|${chunk}|${tile.kind}|${tile.step}|${inside ? "" : `${tile.t0}|${tile.t1}`}`;
    if (!this.paths.has(key)) {
      const baseline = signal.baseline[lead] ?? 0;
      const where = { first: chunk * CHUNK, columns: CHUNK, perSecond: page.perSecond, perMv: page.perMv, baseline, ratio };
      this.paths.set(key, tracePath(tile, lead, where));
      this.built += 1;
    }
    return this.paths.get(key);
  }
}

/** The 1 mV, 200 ms pulse before each row, and the names of leads; the gutter keeps both off the traces. */
export function drawMargins(ctx, page, signal, colours) {
  const { box } = page;
  ctx.save();
  ctx.beginPath();
  ctx.rect(0, box.top, box.left + box.width, box.height);
  ctx.clip();
  const width = Math.max(4, Math.min(0.2 * page.perSecond, box.left - box.names - 8));
  const x = box.left - width - 5;
  ctx.strokeStyle = colours.pulse;
  ctx.lineWidth = 1.15;
  // whatever was drawn before: a pulse has corners
  ctx.lineJoin = "miter";
  ctx.beginPath();
  for (const panel of page.panels) {
    if (panel.column > 0) continue;
    ctx.moveTo(x - 3, panel.zero);
    ctx.lineTo(x, panel.zero);
    ctx.lineTo(x, panel.zero - page.perMv);
    ctx.lineTo(x + width, panel.zero - page.perMv);
    ctx.lineTo(x + width, panel.zero);
    ctx.lineTo(x + width + 3, panel.zero);
  }
  ctx.stroke();
  drawNames(ctx, page, signal, colours);
  ctx.restore();
}

function drawNames(ctx, page, signal, colours) {
  ctx.textBaseline = "top";
  ctx.textAlign = "left";
  ctx.lineJoin = "round";
  for (const panel of page.panels) {
    const { x, y } = namePlace(page, panel);
    ctx.font = `600 12px ${FONT}`;
    halo(ctx, panel.lead, x, y, colours.ink, colours.paper);
    if (panel.column > 0) {
      ctx.strokeStyle = colours.muted;
      ctx.lineWidth = 1;
      ctx.beginPath();
      ctx.moveTo(panel.x0, panel.zero - 7);
      ctx.lineTo(panel.x0, panel.zero + 7);
      ctx.stroke();
    }
    if (!signal.leads.includes(panel.lead)) {
      ctx.font = `400 12px ${FONT}`;
      halo(ctx, "not recorded", panel.x0 + 8, panel.zero - 6, colours.muted, colours.paper);
    }
  }
}

export function namePlace(page, panel) {
  if (panel.column === 0) return { x: 6, y: panel.zero - 6, width: 0 };
  return { x: panel.x0 + 5, y: panel.top + 2, width: 30 };
}

/** Width of the widest lead name, px. */
export function namesWidth(ctx, leads) {
  ctx.font = `600 12px ${FONT}`;
  return Math.ceil(Math.max(...leads.map((lead) => ctx.measureText(lead).width)));
}

/** Where the rows shown lie among all rows, when not all fit. */
export function drawScroll(ctx, page, colours, width) {
  if (page.overflow < 1) return;
  const { box } = page;
  const share = box.height / (box.height + page.overflow);
  ctx.fillStyle = colours.muted;
  ctx.globalAlpha = 0.6;
  ctx.fillRect(width - 5, box.top + 2 + (box.height - 4) * (1 - share) * (page.scroll / page.overflow), 3, (box.height - 4) * share);
  ctx.globalAlpha = 1;
}

/** Text that stays legible on the grid. */
export function halo(ctx, text, x, y, colour, paper) {
  ctx.strokeStyle = paper;
  ctx.lineWidth = 3;
  ctx.strokeText(text, x, y);
  ctx.fillStyle = colour;
  ctx.fillText(text, x, y);
}

/** Times along the bottom. */
export function drawRuler(ctx, page, colours, { y, height, width, duration }) {
  ctx.fillStyle = colours.panel;
  ctx.fillRect(0, y, width, height);
  ctx.strokeStyle = colours.line;
  ctx.lineWidth = 1;
  ctx.beginPath();
  ctx.moveTo(0, y + 0.5);
  ctx.lineTo(width, y + 0.5);
  ctx.stroke();
  const step = STEPS_S.slice(1).find((s) => s * page.perSecond >= (page.start !== null ? 72 : s < 60 ? 44 : 64)) ?? 86400;
  ctx.font = `400 11px ${FONT}`;
  ctx.textBaseline = "bottom";
  ctx.textAlign = "center";
  ctx.fillStyle = colours.muted;
  const shift = page.start ?? 0; // of a wall clock the round times are marked
  for (const band of page.bands) {
    const stop = Math.min(duration, band.start + (band.x1 - band.x0) / page.perSecond);
    for (let k = Math.ceil((band.start + shift) / step - 1e-6); k * step - shift <= stop + 1e-9; k++) {
      const time = k * step - shift;
      const x = xOf(page, band, time);
      ctx.fillRect(Math.round(x), y, 1, 4);
      if (x > band.x0 - 1 && x < band.x1 - 14) ctx.fillText(clock(time, step, page.start), x, y + height - 1);
    }
  }
}
