// The recording as the browser has it: tiles of int16, whole or a few screens around the view.

const GAP = -32768;
const KEPT = 4;

/** One stretch of all leads: raw samples, or exact minimum and maximum per column. */
class Tile {
  constructor(message) {
    this.kind = message.kind;
    this.t0 = message.t0;
    this.step = message.step;
    this.count = message.count;
    this.t1 = message.t0 + message.count * message.step;
    this.scale = message.scale;
    this.offset = message.offset;
    this.width = message.kind === "envelope" ? 2 : 1;
    this.values = message.arrays.values;
    this.rows = new Map(message.leads.map((lead, row) => [lead, row]));
  }

  covers(from, to) {
    return this.t0 <= from + this.step && this.t1 >= to - this.step;
  }
}

export class Signal {
  constructor() {
    this.id = null;
    this.leads = [];
    this.duration = 0;
    this.rate = 0;
    this.baseline = {};
    this.whole = null;
    this.overview = null;
    this.tiles = [];
    this.version = 0;
  }

  /** Take a message in; true when it belongs to another recording than before. */
  take(message) {
    const fresh = message.id !== this.id;
    if (fresh) {
      this.id = message.id;
      this.leads = message.leads;
      this.duration = message.duration;
      this.rate = message.rate;
      this.baseline = Object.fromEntries(message.leads.map((lead, row) => [lead, message.baseline[row] ?? 0]));
      this.whole = null;
      this.overview = null;
      this.tiles = [];
    }
    if (message.count > 0) {
      const tile = new Tile(message);
      if (message.part === "whole") this.whole = tile;
      else if (message.part === "overview") this.overview = tile;
      else this.tiles = [tile, ...this.tiles].slice(0, KEPT);
    }
    this.version += 1;
    return fresh;
  }

  /** The tile to draw a stretch from at `column` seconds a pixel; `sharp` says whether it is as fine as asked. */
  pick(from, to, column) {
    const a = Math.max(0, from);
    const b = Math.min(this.duration, to);
    if (this.whole) return { tile: this.whole, sharp: true };
    const fitting = this.tiles.filter((tile) => tile.covers(a, b));
    const fine = fitting.filter((tile) => tile.kind === "samples" || tile.step <= column * 1.05);
    fine.sort((x, y) => y.step - x.step);
    if (fine.length) return { tile: fine[0], sharp: true };
    if (this.overview && this.overview.step <= column * 1.05) return { tile: this.overview, sharp: true };
    const coarse = [...fitting, this.overview].filter(Boolean).sort((x, y) => x.step - y.step);
    return { tile: coarse[0] ?? null, sharp: false };
  }

  /** What to ask for so that a view and a screen on each side of it are here, or null. */
  missing(from, to, column) {
    if (this.whole || !this.duration) return null;
    const span = to - from;
    const margin = span / 3;
    if (this.pick(from - margin, to + margin, column).sharp) return null;
    const t0 = Math.max(0, from - span);
    const t1 = Math.min(this.duration, to + span);
    return { t0, t1, width: Math.ceil((t1 - t0) / column) };
  }

  /** Lowest and highest value of a lead in a stretch (mV), or null in a gap. */
  extent(lead, from, to, tile = this.whole ?? this.tiles[0] ?? this.overview) {
    const row = tile?.rows.get(lead);
    if (row === undefined) return null;
    const first = Math.max(0, Math.floor((from - tile.t0) / tile.step));
    const last = Math.min(tile.count - 1, Math.ceil((to - tile.t0) / tile.step));
    const base = row * tile.count * tile.width;
    let low = Infinity;
    let high = -Infinity;
    for (let i = base + first * tile.width; i < base + (last + 1) * tile.width; i++) {
      const raw = tile.values[i];
      if (raw === GAP) continue;
      if (raw < low) low = raw;
      if (raw > high) high = raw;
    }
    if (high < low) return null;
    return [low * tile.scale[row] + tile.offset[row], high * tile.scale[row] + tile.offset[row]];
  }

  /** Value of a lead at a time (mV), the nearest sample; null in a gap or when only an envelope is here. */
  at(lead, time, tile = this.whole ?? this.tiles.find((t) => t.kind === "samples" && t.covers(time, time))) {
    const row = tile?.kind === "samples" ? tile.rows.get(lead) : undefined;
    if (row === undefined) return null;
    const i = Math.round((time - tile.t0) / tile.step);
    if (i < 0 || i >= tile.count) return null;
    const raw = tile.values[row * tile.count + i];
    return raw === GAP ? null : raw * tile.scale[row] + tile.offset[row];
  }
}

/**
 * Path of one lead over the pixel columns [first, first + columns) of the time axis, x from the first column, y in CSS px
 * upwards negative around `baseline`. Where several samples share a column, its first, lowest, highest and last are kept:
 * the same picture as all of them.
 */
export function tracePath(tile, lead, { first, columns, perSecond, perMv, baseline, ratio }) {
  const row = tile.rows.get(lead);
  if (row === undefined) return null;
  const factor = -tile.scale[row] * perMv;
  const shift = (baseline - tile.offset[row]) * perMv;
  const origin = first / ratio;
  const from = Math.max(0, Math.floor((origin / perSecond - tile.t0) / tile.step) - 1);
  const to = Math.min(tile.count - 1, Math.ceil(((first + columns) / ratio / perSecond - tile.t0) / tile.step) + 1);
  if (to < from) return null;
  const pen = { path: new Path2D(), down: false, drawn: false };
  const x = (i) => (tile.t0 + i * tile.step) * perSecond - origin;
  const dense = tile.step * perSecond * ratio < 0.7;
  if (tile.kind === "samples" && !dense) polyline(tile, row, pen, { from, to, x, factor, shift });
  else byColumn(tile, row, pen, { from, to, x, factor, shift, ratio });
  return pen.drawn ? pen.path : null;
}

function polyline(tile, row, pen, { from, to, x, factor, shift }) {
  const base = row * tile.count;
  for (let i = from; i <= to; i++) {
    const raw = tile.values[base + i];
    if (raw === GAP) pen.down = false;
    else point(pen, x(i), raw * factor + shift);
  }
}

function byColumn(tile, row, pen, { from, to, x, factor, shift, ratio }) {
  const { values, width } = tile;
  const base = row * tile.count * width;
  const start = x(from);
  const perSample = x(from + 1) - start;
  const slack = Math.abs(0.3 / factor); // less than a third of a pixel is not worth four points
  let i = from;
  while (i <= to) {
    if (values[base + i * width] === GAP) {
      pen.down = false;
      i += 1;
      continue;
    }
    const column = Math.floor((start + (i - from) * perSample) * ratio);
    const edge = from + Math.ceil(((column + 1) / ratio - start) / perSample);
    const end = base + Math.min(to + 1, Math.max(edge, i + 1)) * width;
    const head = values[base + i * width];
    let low = head;
    let high = head;
    let lowAt = 0;
    let highAt = 0;
    let tail = head;
    let j = base + i * width;
    for (; j < end; j++) {
      const raw = values[j];
      if (raw === GAP) break;
      if (raw < low) { low = raw; lowAt = j; }
      if (raw > high) { high = raw; highAt = j; }
      tail = raw;
    }
    i = (j - base) / width;
    const at = (column + 0.5) / ratio;
    if (high - low <= slack) point(pen, at, tail * factor + shift);
    else if (width === 1) column4(pen, at, [head, lowAt < highAt ? low : high, lowAt < highAt ? high : low, tail], factor, shift);
    else column2(pen, at, low * factor + shift, high * factor + shift);
  }
}

function column4(pen, at, raws, factor, shift) {
  point(pen, at, raws[0] * factor + shift);
  pen.path.lineTo(at, raws[1] * factor + shift);
  pen.path.lineTo(at, raws[2] * factor + shift);
  pen.y = raws[3] * factor + shift;
  pen.path.lineTo(at, pen.y);
}

function column2(pen, at, low, high) {
  const near = pen.y ?? low;
  const lowFirst = Math.abs(near - low) < Math.abs(near - high);
  point(pen, at, lowFirst ? low : high);
  pen.y = lowFirst ? high : low;
  pen.path.lineTo(at, pen.y);
}

function point(pen, x, y) {
  if (pen.down) pen.path.lineTo(x, y);
  else {
    pen.path.moveTo(x, y);
    pen.path.lineTo(x + 0.01, y); // one sample between two gaps is still seen
  }
  pen.down = true;
  pen.drawn = true;
  pen.y = y;
}
