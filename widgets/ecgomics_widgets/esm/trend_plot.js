// Trends: one or several quantities over hours or years, as line, bars, range of each stretch, or heat row.
import { Canvas, FONT } from "./chart/canvas.js";
import { drawHeat, heatText } from "./chart/heat.js";
import { linear, roundStep, tickText, ticks } from "./chart/scale.js";
import { follow, inks } from "./chart/theme.js";
import { clockText, drawTimes, readStart } from "./chart/time_axis.js";
import { TimeHands } from "./chart/time_hands.js";
import { PANE_STYLE, TimePane } from "./chart/time_pane.js";
import { BASE, emit, fill, h, watch } from "./dom.js";
import { unpack } from "./strip/codec.js";

const STYLE = `
.eg-trend { display: flex; flex-direction: column; container-type: inline-size; }
.eg-trend .time-area { min-height: 96px; }
`;
const TIMES = 24;
const RIGHT = 14;
const TOP = 8;
const HEAT = 14;
const GAP = 10;

class TrendPlot {
  constructor(model, el) {
    this.model = model;
    this.head = h("div", { class: "head" });
    this.pane = new TimePane("trend");
    this.root = h("section", { class: "eg eg-trend" }, this.head, this.pane.area, this.pane.said);
    el.append(h("style", {}, BASE + PANE_STYLE + STYLE), this.root);
    this.canvas = new Canvas(this.pane.area, (ctx, size) => this.paint(ctx, size));
    this.hands = new TimeHands(this.pane.area, this.host());
    this.ends = [
      watch(model, ["rows", "shades", "start", "title", "about", "aside", "message"], () => this.take()), watch(model, ["view"], () => this.canvas.later()),
      // the bar under the cursor is darker: where there are bars, the cursor is part of the picture
      watch(model, ["cursor_s", "window"], () => { this.place(); if (this.rows.some((row) => row.form === "bars")) this.canvas.later(); }), follow(model, this.root, () => this.canvas.later()),
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
    const message = unpack(this.get("rows"));
    this.rows = (message?.rows ?? []).map((row, k) => ({ ...row, x: message.arrays[`x${k}`], y: message.arrays[`y${k}`], low: message.arrays[`low${k}`], high: message.arrays[`high${k}`] }));
    this.start = readStart(this.get("start"));
    const ends = this.rows.flatMap((row) => (row.x.length ? [row.x[0], row.x[row.x.length - 1] + row.step] : []));
    this.first = ends.length ? Math.min(...ends) : 0;
    this.last = ends.length ? Math.max(...ends) : 0;
    if (this.rows.some((row) => row.form === "line" && !row.step) && this.last > this.first) {
      const room = (this.last - this.first) * 0.02; // points at the edges are seen whole
      this.first -= room;
      this.last += room;
    }
    const title = this.get("title") || this.rows[0]?.name || "Trend";
    fill(this.head, h("h2", {}, title), h("span", { class: "quiet cut" }, this.get("about")), h("span", { class: "push" }), h("span", { class: "quiet" }, this.get("aside")));
    this.root.setAttribute("aria-label", title);
    this.pane.empty.style.display = ends.length ? "none" : "";
    this.pane.empty.textContent = this.get("message") || "Nothing to show over time yet.";
    this.pane.area.setAttribute("aria-label", `${this.rows.map((row) => this.say(row)).join("; ")}. Arrow keys walk the values, plus and minus zoom.`);
    this.canvas.later();
  }

  say(row) {
    const known = [...row.y].filter(Number.isFinite);
    if (!known.length) return `${row.name}: no values`;
    const step = roundStep(Math.max(...known) - Math.min(...known) || 1, 100);
    return `${row.name}, ${known.length} values from ${tickText(Math.min(...known), step)} to ${tickText(Math.max(...known), step)} ${row.unit}`;
  }

  view() {
    const view = this.get("view");
    return view ? [Math.max(this.first, view[0]), Math.min(this.last, view[1])] : [this.first, this.last];
  }

  lay({ width, height }) {
    const several = this.rows.length > 1;
    const left = several ? 104 : 40;
    const bottom = height - TIMES;
    const heats = this.rows.filter((row) => row.form === "heat").length;
    const tall = this.rows.length - heats;
    const each = (bottom - TOP - heats * (HEAT + GAP) - tall * GAP) / Math.max(1, tall);
    let top = TOP;
    const boxes = this.rows.map((row) => {
      const box = { top, bottom: top + (row.form === "heat" ? HEAT : each) };
      top = box.bottom + GAP;
      return box;
    });
    return { width, height, left, right: width - RIGHT, top: TOP, bottom, boxes, several, x: linear(...this.view(), left, width - RIGHT) };
  }

  // --- painting ----------------------------------------------------------------------------------------------------------

  paint(ctx, size) {
    if (!(this.last > this.first)) return;
    const page = this.lay(size);
    this.page = page;
    const ink = inks(this.root);
    for (const { start, stop, label } of this.get("shades") ?? []) {
      const [a, b] = [Math.max(page.left, page.x(start)), Math.min(page.right, page.x(stop))];
      if (b <= a) continue;
      ctx.globalAlpha = 0.6;
      ctx.fillStyle = ink.raised;
      ctx.fillRect(a, page.top, b - a, page.bottom - page.top);
      ctx.globalAlpha = 1;
      if (label && page.several) { ctx.font = `11px ${FONT}`; ctx.fillStyle = ink.muted; ctx.textBaseline = "top"; ctx.textAlign = "left"; ctx.fillText(label, a + 4, page.top); }
    }
    this.rows.forEach((row, k) => this.paintRow(ctx, row, { ...page, ...page.boxes[k], ink }));
    drawTimes(ctx, { ...page, view: this.view(), y: page.bottom, start: this.start, ink, font: `11px ${FONT}` });
    this.place();
  }

  paintRow(ctx, row, box) {
    const { ink } = box;
    if (box.several) {
      ctx.textAlign = "left";
      ctx.textBaseline = row.form === "heat" ? "middle" : "top";
      ctx.fillStyle = ink.ink;
      ctx.font = `600 12px ${FONT}`;
      ctx.fillText(row.name, 12, row.form === "heat" ? (box.top + box.bottom) / 2 : box.top, box.left - 40);
      if (row.form !== "heat") { ctx.font = `11px ${FONT}`; ctx.fillStyle = ink.muted; ctx.fillText(row.unit, 12, box.top + 15); }
    }
    if (row.form === "heat") return drawHeat(ctx, { ...row, t0: row.x[0] ?? 0 }, row.y, { ...box, height: HEAT, ink });
    const y = this.scale(row, box);
    this.paintScale(ctx, row, { ...box, y });
    ctx.save();
    ctx.beginPath();
    ctx.rect(box.left, box.top - 1, box.right - box.left, box.bottom - box.top + 2);
    ctx.clip();
    ({ line: paintLine, bars: paintBars, range: paintRange })[row.form](ctx, row, { ...box, y, cursor: this.get("cursor_s") });
    return ctx.restore();
  }

  scale(row, box) {
    let [low, high] = row.form === "bars" ? [0, 0] : [Infinity, -Infinity];
    for (const values of [row.y, row.low, row.high]) for (const value of values ?? []) if (Number.isFinite(value)) { low = Math.min(low, value); high = Math.max(high, value); }
    if (!(low <= high)) [low, high] = [0, 1];
    for (const limit of row.limits ?? []) if (limit !== null) { low = Math.min(low, limit); high = Math.max(high, limit); }
    const room = (high - low || Math.abs(high) || 1) * 0.08;
    return linear(row.form === "bars" ? 0 : low - room, high + room, box.bottom, box.top);
  }

  paintScale(ctx, row, { left, right, top, bottom, y, ink }) {
    const [low, high] = row.limits ?? [null, null];
    if (low !== null || high !== null) {
      const [a, b] = [high === null ? top : Math.max(top, y(high)), low === null ? bottom : Math.min(bottom, y(low))];
      ctx.globalAlpha = 0.1;
      ctx.fillStyle = ink.good;
      ctx.fillRect(left, a, right - left, b - a);
      ctx.globalAlpha = 1;
    }
    const [from, to] = [y.back(bottom), y.back(top)];
    let count = Math.max(2, Math.round((bottom - top) / 42));
    // one line alone tells no scale
    while (count < 8 && ticks(from, to, count).length < 2) count += 1;
    const step = roundStep(to - from, count);
    ctx.font = `11px ${FONT}`;
    ctx.textAlign = "right";
    ctx.textBaseline = "middle";
    for (const value of ticks(from, to, count)) {
      const at = Math.round(y(value));
      ctx.fillStyle = ink.line;
      ctx.fillRect(left, at, right - left, 1);
      ctx.fillStyle = ink.muted;
      ctx.fillText(tickText(value, step), left - 6, Math.max(top + 4, at));
    }
  }

  place() {
    if (this.page) this.pane.place(this.page, { cursor: this.get("cursor_s"), drawn: this.drawing ?? this.get("window"), start: this.start, flag: false });
  }

  // --- hands -------------------------------------------------------------------------------------------------------------

  host() {
    return {
      get least() { return 1; },
      axis: () => this.page ?? { x: linear(0, 1, 0, 1), left: 0, right: 1 },
      limits: () => [this.first, this.last],
      cursor: () => this.get("cursor_s"),
      go: (time) => this.go(time),
      drawn: (from, to, done) => {
        this.drawing = done ? null : [from, to];
        if (done) { this.put({ window: [from, to] }); emit(this.model, "window", { window: [from, to] }); }
        this.place();
      },
      zoomed: (from, to) => { this.put({ view: to - from > (this.last - this.first) * 0.999 ? null : [from, to] }); this.pane.hint(null); this.canvas.later(); },
      hover: (at) => this.hover(at),
      step: (by, far) => this.step(by * (far ? 10 : 1)),
      escape: () => { this.drawing = null; this.put({ window: null }); emit(this.model, "window", { window: null }); this.place(); },
      keys: {},
    };
  }

  go(time) {
    const at = Math.round(time * 1000) / 1000;
    this.put({ cursor_s: at });
    emit(this.model, "go", { time_s: at });
    this.pane.said.textContent = this.wordsAt(at);
    this.canvas.later();
  }

  /** Walk the values of the first row. */
  step(by) {
    const { x, step } = this.rows[0] ?? {};
    if (!x?.length) return;
    const now = this.get("cursor_s");
    const i = now === null || now === undefined ? (by > 0 ? -1 : x.length) : at(x, now, step);
    this.go(x[Math.max(0, Math.min(x.length - 1, i + by))] + step / 2);
  }

  wordsAt(time) {
    const parts = this.rows.map((row) => {
      if (row.form === "heat") return heatText({ ...row, t0: row.x[0] ?? 0 }, row.y, time);
      const i = at(row.x, time, row.step);
      if (i < 0 || !Number.isFinite(row.y[i])) return null;
      const step = roundStep(Math.abs(row.y[i]) || 1, 100);
      const range = row.low && Number.isFinite(row.low[i]) ? ` (${tickText(row.low[i], step)} to ${tickText(row.high[i], step)})` : "";
      return `${row.name} ${tickText(row.y[i], step)} ${row.unit}${range}`;
    });
    return [clockText(time, this.start, this.last - this.first > 3 * 86400 ? 86400 : 60), ...parts].filter(Boolean).join("\n");
  }

  hover(point) {
    if (!point || !this.page || point.x < this.page.left || point.x > this.page.right) return this.pane.hint(null);
    return this.pane.hint(this.wordsAt(this.page.x.back(point.x)), point);
  }
}

/** The value at a time: the stretch that holds it, or the nearest point. */
function at(x, time, step) {
  let best = -1;
  for (let i = 0; i < x.length; i++) {
    if (step && time >= x[i] && time < x[i] + step) return i;
    if (!step && (best < 0 || Math.abs(x[i] - time) < Math.abs(x[best] - time))) best = i;
  }
  return best;
}

/** The line parts where a value is missing; few values also get a dot each. */
function paintLine(ctx, row, { x, y, ink, left, right }) {
  const path = new Path2D();
  let pen = false;
  const middle = row.step / 2;
  for (let i = 0; i < row.x.length; i++) {
    const value = row.y[i];
    const broken = i > 0 && row.hole && row.x[i] - row.x[i - 1] > row.hole;
    if (!Number.isFinite(value)) { pen = false; continue; }
    if (pen && !broken) path.lineTo(x(row.x[i] + middle), y(value));
    else { path.moveTo(x(row.x[i] + middle), y(value)); path.lineTo(x(row.x[i] + middle) + 0.5, y(value)); }
    pen = true;
  }
  ctx.lineWidth = 1.2;
  ctx.lineJoin = "round";
  ctx.strokeStyle = ink[row.colour] ?? ink.ink;
  ctx.stroke(path);
  if (row.x.length > (right - left) / 8) return;
  ctx.fillStyle = ink[row.colour] ?? ink.ink;
  for (let i = 0; i < row.x.length; i++) if (Number.isFinite(row.y[i])) disc(ctx, x(row.x[i] + middle), y(row.y[i]), 2.6);
}

function paintBars(ctx, row, { x, y, ink, bottom, cursor }) {
  for (let i = 0; i < row.x.length; i++) {
    if (!Number.isFinite(row.y[i])) continue;
    const [a, b] = [x(row.x[i]), x(row.x[i] + row.step)];
    const here = cursor !== null && cursor !== undefined && cursor >= row.x[i] && cursor < row.x[i] + row.step;
    ctx.globalAlpha = here ? 1 : 0.5;
    ctx.fillStyle = ink[row.colour] ?? ink.functional;
    ctx.fillRect(a + 1, y(row.y[i]), Math.max(1, b - a - 2), bottom - y(row.y[i]));
  }
  ctx.globalAlpha = 1;
}

function paintRange(ctx, row, { x, y, ink }) {
  for (let i = 0; i < row.x.length; i++) {
    const middle = x(row.x[i] + row.step / 2);
    const wide = Math.max(2, Math.min(7, (x(row.x[i] + row.step) - x(row.x[i])) * 0.5));
    ctx.fillStyle = ink.rest;
    ctx.globalAlpha = 0.55;
    if (Number.isFinite(row.low?.[i])) ctx.fillRect(middle - wide / 2, y(row.high[i]), wide, Math.max(1, y(row.low[i]) - y(row.high[i])));
    ctx.globalAlpha = 1;
    ctx.fillStyle = ink[row.colour] ?? ink.ink;
    if (Number.isFinite(row.y[i])) disc(ctx, middle, y(row.y[i]), Math.min(3, wide * 0.55));
  }
}

function disc(ctx, x, y, size) {
  ctx.beginPath();
  ctx.arc(x, y, size, 0, 2 * Math.PI);
  ctx.fill();
}

function render({ model, el }) {
  const plot = new TrendPlot(model, el);
  return () => plot.end();
}

export default { render };
