// The Poincaré plot: each RR interval against the next, coloured by the beat between them, with its spread as an ellipse.
import { Canvas, FONT } from "./chart/canvas.js";
import { linear, roundStep, tickText, ticks } from "./chart/scale.js";
import { follow, inks } from "./chart/theme.js";
import { clockText, readStart } from "./chart/time_axis.js";
import { BASE, emit, fill, grouped, h, number, watch } from "./dom.js";
import { unpack } from "./strip/codec.js";

const STYLE = `
.eg-poincare { display: flex; flex-direction: column; container-type: inline-size; }
.eg-poincare .area { flex: 1; min-height: 180px; position: relative; overflow: hidden; cursor: crosshair; touch-action: none; user-select: none; -webkit-user-select: none; }
.eg-poincare .area:focus-visible { outline-offset: -2px; }
.eg-poincare .box { position: absolute; display: none; border: 1px dashed var(--eg-selected-ink); background: var(--eg-selected); opacity: .2; pointer-events: none; }
.eg-poincare .tip { position: absolute; pointer-events: none; display: none; z-index: 2; padding: 4px 8px; border-radius: 6px; font-size: 11.5px; background: var(--eg-ink); color: var(--eg-panel); white-space: pre; }
.eg-poincare .foot { display: flex; flex-wrap: wrap; gap: 2px 12px; padding: 2px 12px 8px; font-size: 11.5px; color: var(--eg-muted); }
.eg-poincare .foot span { display: inline-flex; gap: 5px; align-items: center; }
.eg-poincare .foot i { width: 8px; height: 8px; border-radius: 50%; }
.eg-poincare .foot i.square { border-radius: 1px; }
.eg-poincare .none { position: absolute; inset: 0; display: grid; place-content: center; background: var(--eg-panel); }
.eg-poincare .said { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
`;
const PAD = { left: 44, right: 12, top: 12, bottom: 34 };
const COLOURS = ["muted", "functional", "structural", "comparative", "intensity"];
const NAMES = ["normal", "ventricular", "supraventricular", "paced", "unclassifiable"];
const DENSE = 4000; // points of one class drawn one by one
const CELL = 2;
const NEAR = 10;

class Poincare {
  constructor(model, el) {
    this.model = model;
    this.head = h("div", { class: "head" });
    this.foot = h("div", { class: "foot" });
    this.tip = h("div", { class: "tip" });
    this.box = h("div", { class: "box" });
    this.empty = h("div", { class: "none" });
    this.said = h("div", { class: "said", "aria-live": "polite" });
    this.area = h("div", { class: "area", tabindex: 0, role: "application", "aria-roledescription": "Poincaré plot" }, this.box, this.tip, this.empty);
    this.root = h("section", { class: "eg eg-poincare", "aria-label": "Poincaré plot" }, this.head, this.area, this.foot, this.said);
    el.append(h("style", {}, BASE + STYLE), this.root);
    this.canvas = new Canvas(this.area, (ctx, size) => this.paint(ctx, size));
    const on = (name, act) => this.area.addEventListener(name, act);
    on("pointerdown", (event) => { if (event.button === 0) { this.area.setPointerCapture(event.pointerId); this.from = this.canvas.at(event); this.path = event.shiftKey ? null : [this.from]; } });
    on("pointermove", (event) => this.move(this.canvas.at(event)));
    on("pointerup", (event) => this.up(this.canvas.at(event)));
    on("pointercancel", () => { this.from = this.path = null; this.box.style.display = "none"; this.canvas.later(); });
    on("pointerleave", () => { this.tip.style.display = "none"; });
    on("keydown", (event) => this.key(event));
    this.ends = [watch(model, ["beats", "start", "about", "message", "summary"], () => this.take()), watch(model, ["cursor_s"], () => this.canvas.later()), follow(model, this.root, () => this.take())];
    this.take();
  }

  end() {
    for (const stop of this.ends) stop();
    this.canvas.end();
  }

  take() {
    const beats = unpack(this.model.get("beats"));
    this.pairs = pairsOf(beats);
    this.start = readStart(this.model.get("start"));
    const s = this.model.get("summary") ?? {};
    const facts = s.sd1 === undefined || s.sd1 === null ? "" : `SD1 ${number(s.sd1)} · SD2 ${number(s.sd2)} ms`;
    fill(this.head, h("h2", {}, "Poincaré"), h("span", { class: "quiet cut" }, this.model.get("about") || "RR against the next RR"), h("span", { class: "push" }), h("span", { class: "quiet", title: "spread across and along the line of equal intervals, of normal beats" }, facts));
    const counts = NAMES.map((_, kind) => this.pairs.kind.reduce((sum, k) => sum + (k === kind ? 1 : 0), 0));
    fill(this.foot, NAMES.map((name, kind) => (counts[kind] ? h("span", {}, h("i", { class: kind === 1 ? "square" : "", style: { background: `var(--eg-${COLOURS[kind]})` } }), `${name} ${grouped(counts[kind])}`) : null)));
    this.empty.style.display = this.pairs.x.length ? "none" : "";
    this.empty.textContent = this.model.get("message") || "No two intervals in a row yet.";
    this.area.setAttribute("aria-label", `${this.pairs.x.length} pairs of intervals. ${facts} Arrow keys walk the beats in time, Enter goes to one.`);
    this.canvas.later();
  }

  lay({ width, height }) {
    const { x, y } = this.pairs;
    const some = [...x, ...y].filter((_, i, all) => i % Math.max(1, Math.floor(all.length / 8000)) === 0).sort((a, b) => a - b);
    const [low, high] = [some[Math.floor(some.length * 0.002)] ?? 0, some[Math.ceil(some.length * 0.998) - 1] ?? 1000];
    const room = Math.max(40, (high - low) * 0.08);
    const side = Math.min(width - PAD.left - PAD.right, height - PAD.top - PAD.bottom);
    const left = PAD.left + Math.max(0, (width - PAD.left - PAD.right - side) / 2);
    return { width, height, left, side, floor: PAD.top + side, low: low - room, high: high + room, x: linear(low - room, high + room, left, left + side), y: linear(low - room, high + room, PAD.top + side, PAD.top) };
  }

  paint(ctx, size) {
    if (!this.pairs.x.length) return;
    const page = this.lay(size);
    this.page = page;
    const ink = inks(this.root);
    this.paintAxes(ctx, page, ink);
    ctx.save();
    ctx.beginPath();
    ctx.rect(page.left, PAD.top, page.side, page.side);
    ctx.clip();
    const order = [0, 4, 3, 2, 1]; // what is rare lies on top
    for (const kind of order) this.paintClass(ctx, page, { kind, colour: ink[COLOURS[kind]] });
    this.paintEllipse(ctx, page, ink);
    ctx.restore();
    this.paintCursor(ctx, page, ink);
    this.paintLasso(ctx, ink);
  }

  paintLasso(ctx, ink) {
    if (!this.path || this.path.length < 2) return;
    ctx.beginPath();
    this.path.forEach(({ x, y }, i) => (i ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
    ctx.closePath();
    ctx.globalAlpha = 0.12;
    ctx.fillStyle = ink.selected;
    ctx.fill();
    ctx.globalAlpha = 1;
    ctx.setLineDash([5, 3]);
    ctx.lineWidth = 1.25;
    ctx.strokeStyle = ink.selected;
    ctx.stroke();
    ctx.setLineDash([]);
  }

  paintAxes(ctx, page, ink) {
    const count = Math.max(2, Math.round(page.side / 60));
    const step = roundStep(page.high - page.low, count);
    ctx.font = `11px ${FONT}`;
    for (const value of ticks(page.low, page.high, count)) {
      ctx.fillStyle = ink.line;
      ctx.fillRect(Math.round(page.x(value)), PAD.top, 1, page.side);
      ctx.fillRect(page.left, Math.round(page.y(value)), page.side, 1);
      ctx.fillStyle = ink.muted;
      ctx.textAlign = "center";
      ctx.textBaseline = "top";
      ctx.fillText(tickText(value, step), page.x(value), page.floor + 5);
      ctx.textAlign = "right";
      ctx.textBaseline = "middle";
      ctx.fillText(tickText(value, step), page.left - 6, page.y(value));
    }
    ctx.textAlign = "right";
    ctx.textBaseline = "top";
    ctx.fillText("RR, ms", page.left + page.side, page.floor + 19);
    ctx.textAlign = "left";
    ctx.fillText("next RR", page.left + 4, PAD.top + 3);
    ctx.setLineDash([4, 3]);
    ctx.strokeStyle = ink.faint;
    ctx.beginPath();
    ctx.moveTo(page.left, page.floor);
    ctx.lineTo(page.left + page.side, PAD.top);
    ctx.stroke();
    ctx.setLineDash([]);
  }

  /** Points of one class, or how many share a cell where there are too many to tell apart. */
  paintClass(ctx, page, { kind, colour }) {
    const { x, y, kind: kinds } = this.pairs;
    const mine = [];
    for (let i = 0; i < x.length; i++) if (kinds[i] === kind) mine.push(i);
    ctx.fillStyle = colour;
    if (mine.length <= DENSE) {
      ctx.globalAlpha = mine.length > 800 ? 0.5 : 0.85;
      ctx.beginPath();
      for (const i of mine) {
        const [px, py] = [page.x(x[i]), page.y(y[i])];
        if (kind === 1) ctx.rect(px - 2, py - 2, 4, 4);
        else { ctx.moveTo(px + 2, py); ctx.arc(px, py, 2, 0, 2 * Math.PI); }
      }
      ctx.fill();
    } else {
      const wide = Math.ceil(page.side / CELL);
      const cells = new Uint32Array(wide * wide);
      let top = 1;
      for (const i of mine) {
        const [cx, cy] = [Math.floor((page.x(x[i]) - page.left) / CELL), Math.floor((page.y(y[i]) - PAD.top) / CELL)];
        if (cx < 0 || cy < 0 || cx >= wide || cy >= wide) continue;
        const n = (cells[cy * wide + cx] += 1);
        if (n > top) top = n;
      }
      for (let c = 0; c < cells.length; c++) {
        if (!cells[c]) continue;
        ctx.globalAlpha = 0.25 + 0.75 * (Math.log(cells[c] + 1) / Math.log(top + 1));
        ctx.fillRect(page.left + (c % wide) * CELL, PAD.top + Math.floor(c / wide) * CELL, CELL, CELL);
      }
    }
    ctx.globalAlpha = 1;
  }

  /** SD1 across and SD2 along the line of equal intervals, of normal beats. */
  paintEllipse(ctx, page, ink) {
    const s = this.model.get("summary") ?? {};
    if (s.sd1 === undefined || s.sd1 === null) return;
    const scale = page.side / (page.high - page.low);
    ctx.beginPath();
    ctx.ellipse(page.x(s.mean_x), page.y(s.mean_y), s.sd2 * scale, s.sd1 * scale, -Math.PI / 4, 0, 2 * Math.PI);
    ctx.lineWidth = 1.5;
    ctx.strokeStyle = ink.ink;
    ctx.stroke();
  }

  paintCursor(ctx, page, ink) {
    const now = this.model.get("cursor_s");
    if (now === null || now === undefined) return;
    const i = this.nearestInTime(now);
    if (i < 0 || Math.abs(this.pairs.time[i] - now) > 2) return;
    ctx.beginPath();
    ctx.arc(page.x(this.pairs.x[i]), page.y(this.pairs.y[i]), 6, 0, 2 * Math.PI);
    ctx.lineWidth = 2;
    ctx.strokeStyle = ink.accent;
    ctx.stroke();
  }

  // --- hands -------------------------------------------------------------------------------------------------------------

  nearestInTime(now) {
    const { time } = this.pairs;
    let [low, high] = [0, time.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (time[middle] < now) low = middle + 1;
      else high = middle;
    }
    if (low > 0 && (low === time.length || now - time[low - 1] < time[low] - now)) low -= 1;
    return low < time.length ? low : -1;
  }

  nearest({ x, y }) {
    let [best, least] = [-1, NEAR * NEAR];
    if (!this.page) return best;
    for (let i = 0; i < this.pairs.x.length; i++) {
      const far = (this.page.x(this.pairs.x[i]) - x) ** 2 + (this.page.y(this.pairs.y[i]) - y) ** 2;
      if (far < least) [best, least] = [i, far];
    }
    return best;
  }

  words(i) {
    const { x, y, kind, time } = this.pairs;
    return `${clockText(time[i], this.start)} · ${NAMES[kind[i]]}\n${Math.round(x[i])} ms, then ${Math.round(y[i])} ms`;
  }

  move(at) {
    if (this.from && this.path && (this.path.length > 1 || Math.hypot(at.x - this.from.x, at.y - this.from.y) > 4)) {
      this.path.push(at);
      this.tip.style.display = "none";
      this.canvas.later();
      return;
    }
    if (this.from && !this.path && Math.hypot(at.x - this.from.x, at.y - this.from.y) > 4) {
      Object.assign(this.box.style, { display: "block", left: `${Math.min(at.x, this.from.x)}px`, top: `${Math.min(at.y, this.from.y)}px`, width: `${Math.abs(at.x - this.from.x)}px`, height: `${Math.abs(at.y - this.from.y)}px` });
      this.tip.style.display = "none";
      return;
    }
    const i = this.nearest(at);
    this.tip.style.display = i >= 0 ? "block" : "none";
    if (i < 0) return;
    this.tip.textContent = this.words(i);
    this.tip.style.left = `${Math.max(2, Math.min(at.x + 12, this.area.clientWidth - this.tip.offsetWidth - 2))}px`;
    this.tip.style.top = `${Math.max(2, at.y - this.tip.offsetHeight - 8)}px`;
  }

  up(at) {
    const { from, path } = this;
    this.from = this.path = null;
    this.box.style.display = "none";
    this.canvas.later();
    if (!from || !this.page) return;
    if (path?.length > 2) this.enclose(path);
    else if (Math.hypot(at.x - from.x, at.y - from.y) > 4) this.select(from, at);
    else this.go(this.nearest(at));
  }

  /** Choose the beats inside a shape drawn by hand. */
  enclose(path) {
    const corners = path.map(({ x, y }) => [this.page.x.back(x), this.page.y.back(y)]);
    const beats = [];
    this.pairs.x.forEach((x, i) => { if (inside(corners, x, this.pairs.y[i])) beats.push(this.pairs.beat[i]); });
    const [xs, ys] = [corners.map(([x]) => x), corners.map(([, y]) => y)];
    emit(this.model, "select", { beats, box_ms: [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)].map(Math.round), polygon_ms: corners.map((corner) => corner.map(Math.round)) });
    this.said.textContent = `${beats.length} beats chosen`;
  }

  select(a, b) {
    const [x1, x2] = [this.page.x.back(Math.min(a.x, b.x)), this.page.x.back(Math.max(a.x, b.x))];
    const [y1, y2] = [this.page.y.back(Math.max(a.y, b.y)), this.page.y.back(Math.min(a.y, b.y))];
    const beats = [];
    this.pairs.x.forEach((x, i) => { if (x >= x1 && x <= x2 && this.pairs.y[i] >= y1 && this.pairs.y[i] <= y2) beats.push(this.pairs.beat[i]); });
    emit(this.model, "select", { beats, box_ms: [x1, y1, x2, y2].map(Math.round) });
    this.said.textContent = `${beats.length} beats chosen`;
  }

  go(i) {
    if (i < 0) return;
    const time = this.pairs.time[i];
    this.model.set("cursor_s", time);
    this.model.save_changes();
    emit(this.model, "go", { time_s: time, beat: this.pairs.beat[i] });
    this.said.textContent = this.words(i).replace("\n", ", ");
    this.canvas.later();
  }

  key(event) {
    const last = this.pairs.time.length - 1;
    const now = this.model.get("cursor_s");
    const i = now === null || now === undefined ? -1 : this.nearestInTime(now);
    const to = { ArrowRight: i + 1, ArrowDown: i + 1, ArrowLeft: i - 1, ArrowUp: i - 1, Home: 0, End: last, Enter: i }[event.key];
    if (to === undefined || last < 0) return;
    this.go(Math.max(0, Math.min(last, to)));
    event.preventDefault();
    event.stopPropagation();
  }
}

/** Even–odd rule: whether a point lies inside a closed polygon of [x, y] pairs. */
function inside(polygon, x, y) {
  let within = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i, i += 1) {
    const [[xi, yi], [xj, yj]] = [polygon[i], polygon[j]];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) within = !within;
  }
  return within;
}

/** Interval before and after each beat that has both, in ms, with the beat's class, time and number. */
function pairsOf(beats) {
  const pairs = { x: [], y: [], kind: [], time: [], beat: [] };
  if (!beats) return pairs;
  const { times, rr, kinds } = beats.arrays;
  for (let i = 0; i + 1 < times.length; i++) {
    if (!Number.isFinite(rr[i]) || !Number.isFinite(rr[i + 1])) continue;
    pairs.x.push(rr[i] * 1000);
    pairs.y.push(rr[i + 1] * 1000);
    pairs.kind.push(Math.min(kinds[i], NAMES.length - 1));
    pairs.time.push(times[i]);
    pairs.beat.push(i);
  }
  return pairs;
}

function render({ model, el }) {
  const plot = new Poincare(model, el);
  return () => plot.end();
}

export default { render };
