// The tachogram: every beat of a day as rate or RR, heat rows under it, and the hands that navigate by it.
import { Canvas, FONT } from "./chart/canvas.js";
import { drawHeat, heatText } from "./chart/heat.js";
import { linear, roundStep, tickText, ticks } from "./chart/scale.js";
import { follow, inks } from "./chart/theme.js";
import { clockText, drawTimes, lengthText, readStart } from "./chart/time_axis.js";
import { TimeHands } from "./chart/time_hands.js";
import { PANE_STYLE, TimePane, toggles } from "./chart/time_pane.js";
import { BASE, emit, fill, grouped, h, number, watch } from "./dom.js";
import { unpack } from "./strip/codec.js";

const LEAST_SPAN = 0.2; // of the value: a narrower axis is widened
const STYLE = `
.eg-tachogram { display: flex; flex-direction: column; container-type: inline-size; }
.eg-tachogram .head { flex-wrap: wrap; }
.eg-tachogram .facts { font-size: 11.5px; color: var(--eg-muted); display: flex; flex-wrap: wrap; gap: 0 12px; }
.eg-tachogram .time-area { min-height: 120px; }
`;
const ROW = 14;
const GAP = 4;
const TIMES = 24;
const TOP = 22;
const RIGHT = 14;
const LEAST = 10; // s that fill the pane at most
const SPARSE = 2; // fewer beats a pixel than this are drawn one by one
const BREAK = 3; // s without a beat that part the line
const SPANS = [[3600, "1 h"], [6 * 3600, "6 h"], [24 * 3600, "24 h"]];
const KINDS = [null, "functional", "structural", "comparative", "intensity"];
export const CLASSES = ["normal", "ventricular", "supraventricular", "paced", "unclassifiable"];
const TALLIES = { rate: ["Rate", "/min"], rr: ["RR", "ms"] };

class Tachogram {
  constructor(model, el) {
    this.model = model;
    this.head = h("div", { class: "head" });
    this.pane = new TimePane("tachogram");
    this.root = h("section", { class: "eg eg-tachogram", "aria-label": "Day" }, this.head, this.pane.area, this.pane.said);
    el.append(h("style", {}, BASE + PANE_STYLE + STYLE), this.root);
    this.canvas = new Canvas(this.pane.area, (ctx, size) => this.paint(ctx, size));
    this.hands = new TimeHands(this.pane.area, this.host());
    const data = ["beats", "curves", "heat", "events", "shades", "start", "duration_s", "title", "about", "summary", "message"];
    this.ends = [
      watch(model, data, () => this.take()), watch(model, ["mode", "view"], () => { this.dressHead(); this.canvas.later(); }),
      watch(model, ["cursor_s", "window"], () => this.place()), follow(model, this.root, () => this.canvas.later()),
    ];
    this.take();
  }

  end() {
    for (const stop of this.ends) stop();
    this.canvas.end();
  }

  get(name) {
    return this.model.get(name);
  }

  put(news) {
    for (const [name, value] of Object.entries(news)) this.model.set(name, value);
    this.model.save_changes();
  }

  take() {
    const beats = unpack(this.get("beats"));
    this.times = beats?.arrays.times ?? new Float64Array(0);
    this.rr = beats?.arrays.rr ?? new Float32Array(0);
    this.kinds = beats?.arrays.kinds ?? new Uint8Array(0);
    this.curves = unpack(this.get("curves"));
    this.heat = unpack(this.get("heat"));
    this.start = readStart(this.get("start"));
    this.events = this.get("events") ?? [];
    this.duration = this.get("duration_s") || (this.times.length ? this.times[this.times.length - 1] : 0);
    this.ranges = {};
    this.pane.empty.style.display = this.duration > 0 ? "none" : "";
    this.pane.empty.textContent = this.get("message") || "No long recording yet.";
    this.dressHead();
    const s = this.get("summary") ?? {};
    const said = s.beats ? `${s.beats} beats, mean ${Math.round(s.mean)}, lowest ${Math.round(s.low)} at ${clockText(s.low_s, this.start, 60)}, highest ${Math.round(s.high)} at ${clockText(s.high_s, this.start, 60)} a minute. ` : "";
    this.pane.area.setAttribute("aria-label", `Heart rate over ${lengthText(this.duration)}. ${said}Arrow keys move the moment, n and N the events, plus and minus zoom.`);
    this.canvas.later();
  }

  dressHead() {
    const s = this.get("summary") ?? {};
    const facts = s.beats ? [`${grouped(s.beats)} beats`, `mean ${number(s.mean)}`, `lowest ${number(s.low)} at ${clockText(s.low_s, this.start, 60)}`, `highest ${number(s.high)} at ${clockText(s.high_s, this.start, 60)}`] : [];
    const modes = [...(this.times.length ? [["rate", "rate"], ["rr", "RR"]] : []), ...(this.curves?.curves ?? []).map(({ name, title }) => [name, title])];
    const [from, to] = this.view();
    const spans = SPANS.filter(([seconds]) => seconds < this.duration * 0.98);
    if (this.duration) spans.push([this.duration, spans.length && Math.abs(this.duration / 3600 - Math.round(this.duration / 3600)) < 0.02 ? `${Math.round(this.duration / 3600)} h` : "all"]);
    const near = spans.find(([seconds]) => Math.abs(seconds / (to - from) - 1) < 0.01)?.[0];
    fill(this.head, h("h2", {}, this.get("title") || "Day"), h("span", { class: "quiet cut" }, this.get("about")), h("span", { class: "push" }),
      h("span", { class: "facts" }, facts.map((fact) => h("span", {}, fact))),
      modes.length > 1 ? toggles("shown", modes, this.mode(), (mode) => { this.put({ mode }); this.dressHead(); this.canvas.later(); }) : null,
      spans.length > 1 ? toggles("stretch", spans, near, (seconds) => this.zoomBy(seconds)) : null);
  }

  zoomBy(seconds) {
    const [from, to] = this.view();
    this.hands.settle((this.get("cursor_s") ?? (from + to) / 2) - seconds / 2, seconds);
  }

  mode() {
    const mode = this.get("mode") || "rate";
    const known = [...(this.times.length ? ["rate", "rr"] : []), ...(this.curves?.curves ?? []).map(({ name }) => name)];
    return known.includes(mode) ? mode : known[0] ?? "rate";
  }

  /** The stretch shown, s. */
  view() {
    const view = this.get("view");
    return view ? [Math.max(0, view[0]), Math.min(this.duration, view[1])] : [0, this.duration];
  }

  // --- painting ----------------------------------------------------------------------------------------------------------

  /** Times, values and kinds of what is shown; values of the rate a minute or of RR in ms. */
  data() {
    const mode = this.mode();
    const place = (this.curves?.curves ?? []).findIndex(({ name }) => name === mode);
    if (place >= 0) {
      const { title, unit } = this.curves.curves[place];
      return { times: this.curves.arrays[`t${place}`], value: (i) => this.curves.arrays[`v${place}`][i], kinds: null, title, unit, hole: this.curves.curves[place].hole ?? Infinity };
    }
    const [title, unit] = TALLIES[mode];
    const { rr } = this;
    return { times: this.times, value: mode === "rr" ? (i) => rr[i] * 1000 : (i) => 60 / rr[i], kinds: this.kinds, title, unit, hole: BREAK };
  }

  /** Range of the values, but for the outermost thousandth, the same at every zoom. */
  range(data) {
    const mode = this.mode();
    if (this.ranges[mode]) return this.ranges[mode];
    const step = Math.max(1, Math.floor(data.times.length / 8000));
    const some = [];
    for (let i = 0; i < data.times.length; i += step) {
      const value = data.value(i);
      if (Number.isFinite(value)) some.push(value);
    }
    some.sort((a, b) => a - b);
    const [low, high] = some.length ? [some[Math.floor(some.length * 0.001)], some[Math.ceil(some.length * 0.999) - 1]] : [0, 1];
    // an even rhythm is a line in the middle, not its rounding errors spread over the whole height
    const room = Math.max((high - low) * 0.08, (LEAST_SPAN * Math.abs(high) - (high - low)) / 2);
    this.ranges[mode] = [low - room, high + room];
    return this.ranges[mode];
  }

  lay({ width, height }) {
    const rows = this.heat?.rows ?? [];
    const left = width < 520 ? 66 : 104;
    const right = width - RIGHT;
    const bottom = height - TIMES;
    const foot = bottom - rows.length * (ROW + GAP) - (rows.length ? 6 : 0);
    return { width, height, left, right, top: TOP, foot, bottom, x: linear(...this.view(), left, right), rows: rows.map((_, k) => foot + 6 + k * (ROW + GAP)) };
  }

  paint(ctx, size) {
    if (!(this.duration > 0)) return;
    const page = this.lay(size);
    this.page = page;
    const ink = inks(this.root);
    const data = this.data();
    const y = linear(...this.range(data), page.foot - 4, page.top + 4);
    this.paintShades(ctx, page, ink);
    this.paintScale(ctx, page, { y, data, ink });
    ctx.save();
    ctx.beginPath();
    ctx.rect(page.left, page.top - 2, page.right - page.left, page.foot - page.top + 4);
    ctx.clip();
    this.columns = this.paintCurve(ctx, page, { y, data, ink });
    ctx.restore();
    this.paintEvents(ctx, page, ink);
    (this.heat?.rows ?? []).forEach((row, k) => {
      ctx.font = `11.5px ${FONT}`;
      ctx.textAlign = "left";
      ctx.textBaseline = "middle";
      ctx.fillStyle = ink.ink;
      ctx.fillText(row.name, 12, page.rows[k] + ROW / 2, page.left - 18);
      drawHeat(ctx, row, this.heat.arrays[`r${k}`], { ...page, top: page.rows[k], height: ROW, ink });
    });
    drawTimes(ctx, { ...page, view: this.view(), y: page.bottom, start: this.start, ink, font: `11px ${FONT}` });
    this.place();
  }

  paintShades(ctx, page, ink) {
    for (const { start, stop, label } of this.get("shades") ?? []) {
      const [a, b] = [Math.max(page.left, page.x(start)), Math.min(page.right, page.x(stop))];
      if (b <= a) continue;
      ctx.globalAlpha = 0.6;
      ctx.fillStyle = ink.raised;
      ctx.fillRect(a, page.top - 4, b - a, page.foot - page.top + 4);
      ctx.globalAlpha = 1;
      ctx.font = `11px ${FONT}`;
      ctx.textAlign = "left";
      ctx.textBaseline = "top";
      ctx.fillStyle = ink.muted;
      if (label && b - a > ctx.measureText(label).width + 8) ctx.fillText(label, a + 4, page.top);
    }
  }

  paintScale(ctx, page, { y, data, ink }) {
    ctx.font = `600 12px ${FONT}`;
    ctx.textAlign = "left";
    ctx.textBaseline = "top";
    ctx.fillStyle = ink.ink;
    ctx.fillText(data.title, 12, page.top);
    ctx.font = `11px ${FONT}`;
    ctx.fillStyle = ink.muted;
    ctx.fillText(data.unit, 12, page.top + 16);
    const [low, high] = [y.back(page.foot), y.back(page.top)];
    const count = Math.max(3, Math.round((page.foot - page.top) / 36));
    const step = roundStep(high - low, count);
    ctx.textAlign = "right";
    ctx.textBaseline = "middle";
    for (const value of ticks(low, high, count)) {
      const at = Math.round(y(value)) + 0.5;
      ctx.fillStyle = ink.line;
      ctx.fillRect(page.left, at - 0.5, page.right - page.left, 1);
      ctx.fillStyle = ink.muted;
      ctx.fillText(tickText(value, step), page.left - 8, at);
    }
  }

  paintCurve(ctx, page, { y, data, ink }) {
    const [from, to] = this.view();
    const first = Math.max(0, search(data.times, from) - 1);
    const last = Math.min(data.times.length, search(data.times, to) + 1);
    const px = page.right - page.left;
    if ((last - first) / px < SPARSE) return this.paintBeats(ctx, page, { y, data, ink, first, last });
    const columns = binned(data, { first, last, x: page.x, left: page.left, size: Math.ceil(px) });
    ctx.fillStyle = ink.rest;
    ctx.globalAlpha = 0.45;
    for (let c = 0; c < columns.count.length; c++) if (columns.count[c]) ctx.fillRect(page.left + c, y(columns.high[c]), 1, Math.max(1, y(columns.low[c]) - y(columns.high[c])));
    ctx.globalAlpha = 1;
    const path = new Path2D();
    let pen = false;
    const hole = Math.max(2, data.hole / ((to - from) / px));
    let before = -Infinity;
    for (let c = 0; c < columns.count.length; c++) {
      if (!columns.count[c]) continue;
      pen = pen && c - before <= hole;
      const at = [page.left + c + 0.5, y(columns.sum[c] / columns.count[c])];
      if (pen) path.lineTo(...at);
      else { path.moveTo(...at); path.lineTo(at[0] + 0.5, at[1]); }
      pen = true;
      before = c;
    }
    ctx.lineWidth = 1;
    ctx.strokeStyle = ink.ink;
    ctx.stroke(path);
    this.tintEpisodes(ctx, page, path, ink);
    return columns;
  }

  /** The line inside an episode in its colour. */
  tintEpisodes(ctx, page, path, ink) {
    for (const event of this.events.filter((e) => e.kind === "episode" && e.stop > e.start)) {
      ctx.save();
      ctx.beginPath();
      ctx.rect(page.x(event.start), page.top, page.x(event.stop) - page.x(event.start), page.foot - page.top);
      ctx.clip();
      ctx.globalAlpha = 0.16;
      ctx.fillStyle = ink[event.colour] ?? ink.functional;
      ctx.fill();
      ctx.globalAlpha = 1;
      ctx.strokeStyle = ink[event.colour] ?? ink.functional;
      ctx.lineWidth = 1.4;
      ctx.stroke(path);
      ctx.restore();
    }
  }

  paintBeats(ctx, page, { y, data, ink, first, last }) {
    const path = new Path2D();
    let pen = false;
    for (let i = first; i < last; i++) {
      const value = data.value(i);
      if (!Number.isFinite(value) || (i > first && data.times[i] - data.times[i - 1] > Math.max(data.hole, 1e-9))) pen = false;
      if (!Number.isFinite(value)) continue;
      if (pen) path.lineTo(page.x(data.times[i]), y(value));
      else path.moveTo(page.x(data.times[i]), y(value));
      pen = true;
    }
    ctx.lineWidth = 1;
    ctx.strokeStyle = ink.muted;
    ctx.stroke(path);
    const apart = (page.right - page.left) / Math.max(1, last - first);
    for (let i = first; i < last; i++) {
      const value = data.value(i);
      const kind = data.kinds ? KINDS[data.kinds[i]] : null;
      if (!Number.isFinite(value) || (!kind && apart < 4)) continue;
      ctx.fillStyle = kind ? ink[kind] : ink.ink;
      dot(ctx, page.x(data.times[i]), y(value), { size: kind ? 3 : 1.8, square: data.kinds?.[i] === 1 });
    }
    this.tintEpisodes(ctx, page, path, ink);
    return null;
  }

  paintEvents(ctx, page, ink) {
    ctx.font = `600 11px ${FONT}`;
    ctx.textBaseline = "bottom";
    let free = -Infinity;
    for (const event of [...this.events].sort((a, b) => a.start - b.start)) {
      const [a, b] = [page.x(event.start), page.x(event.stop ?? event.start)];
      if (b < page.left || a > page.right) continue;
      if (event.kind !== "episode") {
        ctx.beginPath();
        ctx.arc(Math.max(page.left, a), page.foot - 4, 3.6, 0, 2 * Math.PI);
        ctx.fillStyle = ink.panel;
        ctx.fill();
        ctx.lineWidth = 1.5;
        ctx.strokeStyle = ink.ink;
        ctx.stroke();
        continue;
      }
      const colour = ink[event.colour] ?? ink.functional;
      const [from, to] = [Math.max(page.left, a), Math.min(page.right, Math.max(b, a + 2))];
      ctx.fillStyle = colour;
      ctx.fillRect(from, page.top - 3, to - from, 3);
      const words = `${event.label}${event.stop > event.start ? ` ${lengthText(event.stop - event.start)}` : ""}`;
      const w = ctx.measureText(words).width;
      const x = Math.min(from, page.right - w);
      if (x < free) continue;
      ctx.textAlign = "left";
      ctx.fillText(words, x, page.top - 5);
      free = x + w + 6;
    }
  }

  place() {
    if (!this.page) return;
    this.pane.place({ ...this.page, top: this.page.top - 4 }, { cursor: this.get("cursor_s"), drawn: this.drawing ?? this.get("window"), start: this.start });
  }

  // --- hands -------------------------------------------------------------------------------------------------------------

  host() {
    return {
      least: LEAST,
      axis: () => this.page ?? { x: linear(0, 1, 0, 1), left: 0, right: 1 },
      limits: () => [0, this.duration],
      cursor: () => this.get("cursor_s"),
      go: (time) => this.go(time),
      drawn: (from, to, done) => this.draw(from, to, done),
      zoomed: (from, to) => this.zoomed(from, to),
      hover: (at) => this.hover(at),
      step: (by, far) => this.step(by, far),
      escape: () => { this.drawing = null; this.put({ window: null }); emit(this.model, "window", { window: null }); this.place(); },
      keys: { n: () => this.nextEvent(1), N: () => this.nextEvent(-1) },
    };
  }

  go(time, words = "") {
    const at = Math.round(time * 1000) / 1000;
    this.put({ cursor_s: at });
    emit(this.model, "go", { time_s: at });
    const [from, to] = this.view();
    if (at < from || at > to) this.hands.settle(at - (to - from) / 2, to - from);
    this.canvas.now(); // what is said is read off the columns of this view
    this.pane.said.textContent = `${words}${clockText(at, this.start)}${this.valueText(at)}`;
    this.place();
  }

  draw(from, to, done) {
    this.drawing = done ? null : [from, to];
    if (done) {
      const window = [Math.round(from * 100) / 100, Math.round(to * 100) / 100];
      this.put({ window });
      emit(this.model, "window", { window });
      this.pane.said.textContent = `window ${clockText(from, this.start)} to ${clockText(to, this.start)}, ${lengthText(to - from)}`;
    }
    this.place();
  }

  zoomed(from, to) {
    this.pane.hint(null); // what it said was of another zoom
    this.put({ view: to - from > this.duration * 0.999 ? null : [from, to] });
    this.dressHead();
    this.canvas.later();
  }

  step(by, far) {
    const [from, to] = this.view();
    const now = this.get("cursor_s") ?? from;
    this.go(Math.max(0, Math.min(this.duration, now + (by * (to - from)) / (far ? 20 : 200))));
  }

  nextEvent(by) {
    const now = this.get("cursor_s") ?? -1;
    const order = [...this.events].sort((a, b) => a.start - b.start);
    const next = by > 0 ? order.find((event) => event.start > now + 1e-3) : order.reverse().find((event) => event.start < now - 1e-3);
    if (next) this.go(next.start, `${next.label}, `);
  }

  hover(at) {
    if (!at || !this.page || at.x < this.page.left || at.x > this.page.right) return this.pane.hint(null);
    const time = this.page.x.back(at.x);
    const k = this.page.rows.findIndex((top) => at.y >= top - GAP / 2 && at.y < top + ROW + GAP / 2);
    const near = this.events.find((event) => Math.abs(this.page.x(event.start) - at.x) < 6 || (event.stop > time && event.start < time));
    const lines = [clockText(time, this.start), k >= 0 ? heatText(this.heat.rows[k], this.heat.arrays[`r${k}`], time) : this.valueText(time).replace(/^, /, ""), near?.label];
    return this.pane.hint(lines.filter(Boolean).join("\n"), at);
  }

  valueText(time) {
    const data = this.data();
    const { columns, page } = this;
    if (columns && page) {
      const c = Math.floor(page.x(time) - page.left);
      if (!columns.count[c]) return ", unreadable";
      return `, ${number(columns.sum[c] / columns.count[c])} ${data.unit} (${number(columns.low[c])} to ${number(columns.high[c])})`;
    }
    const i = Math.min(data.times.length - 1, search(data.times, time));
    const value = i >= 0 ? data.value(i) : NaN;
    if (!Number.isFinite(value)) return "";
    const kind = data.kinds?.[i] ? `, ${CLASSES[data.kinds[i]]}` : "";
    return `, ${number(value)} ${data.unit}${kind}`;
  }
}

/** Index of the first time at or after a moment. */
export function search(times, at) {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Lowest, highest, sum and count of the values in each pixel column. */
function binned(data, { first, last, x, left, size }) {
  const columns = { low: new Float64Array(size).fill(Infinity), high: new Float64Array(size).fill(-Infinity), sum: new Float64Array(size), count: new Int32Array(size) };
  for (let i = first; i < last; i++) {
    const value = data.value(i);
    const c = Math.floor(x(data.times[i]) - left);
    if (!Number.isFinite(value) || c < 0 || c >= size) continue;
    if (value < columns.low[c]) columns.low[c] = value;
    if (value > columns.high[c]) columns.high[c] = value;
    columns.sum[c] += value;
    columns.count[c] += 1;
  }
  return columns;
}

function dot(ctx, x, y, { size, square }) {
  if (square) return ctx.fillRect(x - size, y - size, 2 * size, 2 * size);
  ctx.beginPath();
  ctx.arc(x, y, size, 0, 2 * Math.PI);
  return ctx.fill();
}

function render({ model, el }) {
  const tachogram = new Tachogram(model, el);
  return () => tachogram.end();
}

export default { render };
