// The live strip: a stream on paper. New ink sweeps over the old, or all of it scrolls; what is missing is hatched; one can
// stop and look back while it goes on being kept.
import { FONT } from "../chart/canvas.js";
import { clockText, readStart } from "../chart/time_axis.js";
import { emit, h } from "../dom.js";
import { hatching, paper, trace } from "./pen.js";
import { Ring } from "./ring.js";
import { unpack } from "../strip/codec.js";
import { isDark } from "../chart/darkness.js";
import { paletteOf } from "../strip/palette.js";

const STYLE = `
.live { position: relative; box-sizing: border-box; width: 100%; height: 100%; min-height: 110px; overflow: hidden; font: 13px/1.35 var(--eg-font, ${FONT}); font-variant-numeric: tabular-nums;
  outline: none; user-select: none; -webkit-user-select: none; touch-action: pan-y; }
.live:focus-visible { box-shadow: inset 0 0 0 2px var(--live-accent); }
.live canvas { position: absolute; inset: 0; width: 100%; height: 100%; display: block; }
.live.stale .ink { opacity: .4; }
.live .scale { position: absolute; top: 6px; right: 8px; color: var(--live-muted); background: var(--live-paper); border-radius: 4px; padding: 0 4px; font-size: 12px; }
.live .hands { position: absolute; right: 6px; bottom: 6px; display: flex; gap: 4px; }
.live button, .live select { font: inherit; font-size: 12px; min-height: 32px; min-width: 36px; padding: 2px 8px; border: 1px solid var(--live-line); border-radius: 8px; background: var(--live-panel); color: var(--live-ink); cursor: pointer; }
.live button[aria-pressed="true"] { background: var(--live-ink); color: var(--live-panel); }
.live button:focus-visible, .live select:focus-visible { outline: 2px solid var(--live-accent); outline-offset: 1px; }
.live .word { position: absolute; left: 50%; top: 50%; transform: translate(-50%, -50%); text-align: center; background: var(--live-paper); color: var(--live-ink); border-radius: 8px; padding: 4px 10px; font-weight: 600; max-width: 90%; }
.live .word small { display: block; font-weight: 400; color: var(--live-muted); }
.live .word[hidden], .live .hands[hidden] { display: none; }
.live .said { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
@media (pointer: coarse) { .live button, .live select { min-height: 44px; min-width: 44px; } }
`;
const GAINS = [2.5, 5, 10, 15, 20, 40];
const HURRY_S = 0.2; // what has come is drawn within this; smaller pieces at real time, so that uneven arrival is not seen
const STALE_MS = 1500;
const BAR_PX = 26; // emptied before the pen
const GAP_S = 0.05; // shorter gaps are only parted
const ALL = "all";
const STATS = 600;

export class LiveStrip {
  constructor(model, el) {
    this.model = model;
    this.ring = new Ring(model.get("keep_s") || 300);
    this.pen = 0; // number of the sample the pen has come to
    this.pace = 1; // of real time
    this.drawn = null; // what stands on the ink canvas
    this.back = 0; // s the view is behind the pen while stopped
    this.pool = [];
    this.layers = ["ground", "ink"].map((name) => h("canvas", { class: name, "aria-hidden": "true" }));
    this.scale = h("div", { class: "scale" });
    this.word = h("div", { class: "word", hidden: true });
    this.said = h("div", { class: "said", "aria-live": "polite" });
    this.select = h("select", { "aria-label": "lead", onchange: () => this.put({ lead: this.select.value }) });
    const button = (text, label, act) => h("button", { type: "button", "aria-label": label, title: label, onclick: act }, text);
    this.stop = button("❚❚", "stop and look back (Space)", () => this.pause(!this.paused()));
    this.hands = h("div", { class: "hands" }, this.select, button("−", "lower gain (−)", () => this.gain(-1)), button("+", "higher gain (+)", () => this.gain(1)), this.stop);
    this.root = h("div", { class: "live", tabindex: 0, role: "application", "aria-roledescription": "live ECG", "data-lm-suppress-shortcuts": "true" }, ...this.layers, this.scale, this.word, this.hands, this.said);
    el.append(h("style", {}, STYLE), this.root);
    this.listen();
    this.watch();
    this.dress();
    this.take();
    this.frame = requestAnimationFrame((now) => this.step(now));
  }

  watch() {
    const again = () => { this.drawn = null; };
    const on = { block: () => this.take(), paused: () => this.stopped(), theme: () => this.dress() };
    for (const name of ["lead", "gain", "speed", "mode", "calibration", "beats", "spans", "title", "start", "toolbar", "gap_text", "provenance"]) on[name] = again;
    this.handlers = Object.entries(on).map(([name, act]) => [`change:${name}`, act]);
    for (const [name, act] of this.handlers) this.model.on(name, act);
    this.observer = new ResizeObserver(again);
    this.observer.observe(this.root);
    this.system = window.matchMedia("(prefers-color-scheme: dark)");
    this.redress = () => this.dress();
    this.system.addEventListener("change", this.redress);
  }

  end() {
    for (const [name, act] of this.handlers) this.model.off(name, act);
    this.observer.disconnect();
    this.system.removeEventListener("change", this.redress);
    cancelAnimationFrame(this.frame);
    this.root.remove();
  }

  get(name) {
    return this.model.get(name);
  }

  put(news) {
    for (const [name, value] of Object.entries(news)) this.model.set(name, value);
    this.model.save_changes();
    this.drawn = null;
  }

  dress() {
    const theme = this.get("theme") ?? "auto";
    this.colours = paletteOf(theme);
    for (const name of ["paper", "ink", "muted", "line", "panel", "accent"]) this.root.style.setProperty(`--live-${name}`, this.colours[name]);
    this.root.style.colorScheme = isDark(theme) ? "dark" : "light";
    this.drawn = null;
  }

  take() {
    const message = unpack(this.get("block"));
    if (message) this.push(message);
  }

  /** Take samples in: {id, leads, rate, first, count, scale, offset, arrays: {values}}. */
  push(message) {
    const before = this.ring.head;
    if (this.ring.take(message)) {
      this.pen = this.ring.head;
      this.levels = null;
      this.drawn = null;
    }
    if (this.ring.head === before) return;
    this.came = performance.now();
    this.pace = Math.max(1, (this.ring.head - this.pen) / this.ring.rate / HURRY_S);
  }

  // --- each frame -------------------------------------------------------------------------------------------------------

  step(now) {
    this.frame = requestAnimationFrame((next) => this.step(next));
    const passed = Math.min(0.25, (now - (this.before ?? now)) / 1000);
    this.before = now;
    const { ring } = this;
    if (ring.id === null) return this.blank();
    const still = now - (this.came ?? now) > STALE_MS;
    // a steady hand, never past what has come; it rests where a piece ends late, and that rest is its reserve from then on
    this.pen = Math.min(ring.head, this.pen + passed * ring.rate * this.pace);
    this.wording(now, still);
    const started = performance.now();
    if (this.paint()) this.record(performance.now() - started);
    return undefined;
  }

  /** Number of the last sample in view: the pen's, or where one has stopped and looked back to. */
  seen() {
    return this.paused() ? (this.halt ?? this.pen) - this.back * this.ring.rate : this.pen;
  }

  paused() {
    return Boolean(this.get("paused"));
  }

  lay() {
    const [width, height] = [this.root.clientWidth, this.root.clientHeight];
    const unit = (96 / 25.4) * (this.get("calibration") || 1);
    const names = this.shown();
    const each = height / Math.max(1, names.length);
    const rows = names.map((name, k) => ({ name, l: this.ring.leads.indexOf(name), top: k * each, bottom: (k + 1) * each, zero: (k + 0.56) * each }));
    const perSecond = (this.get("speed") || 25) * unit;
    return { width, height, unit, rows, perSecond, perMv: (this.get("gain") || 10) * unit, span: width / perSecond, ratio: window.devicePixelRatio || 1 };
  }

  shown() {
    const lead = this.get("lead");
    if (lead === ALL) return this.ring.leads;
    return this.ring.leads.includes(lead) ? [lead] : this.ring.leads.slice(0, 1);
  }

  /** Draw what is new; everything when something else changed. False when there was nothing to do. */
  paint() {
    const page = this.lay();
    if (!page.width || !page.height) return false;
    const to = Math.floor(this.seen());
    const sweeping = (this.get("mode") ?? "sweep") === "sweep" && !this.paused();
    const turn = sweeping ? Math.floor(to / (page.span * this.ring.rate)) : -1;
    if (this.drawn && this.drawn.to === to && this.drawn.sweeping === sweeping) return false;
    const goesOn = sweeping && this.drawn?.sweeping && this.drawn.turn === turn && to > this.drawn.to;
    if (!goesOn) this.start(page);
    const ctx = this.layers[1].getContext("2d");
    ctx.setTransform(page.ratio, 0, 0, page.ratio, 0, 0);
    if (!goesOn) ctx.clearRect(0, 0, page.width, page.height);
    if (sweeping) this.sweep(ctx, page, { from: goesOn ? this.drawn.to : null, to, turn });
    else this.scroll(ctx, page, to);
    this.drawn = { to, turn, sweeping };
    return true;
  }

  start(page) {
    for (const canvas of this.layers) {
      const [w, hgt] = [Math.round(page.width * page.ratio), Math.round(page.height * page.ratio)];
      if (canvas.width !== w || canvas.height !== hgt) Object.assign(canvas, { width: w, height: hgt });
    }
    const ctx = this.layers[0].getContext("2d", { alpha: false });
    ctx.setTransform(page.ratio, 0, 0, page.ratio, 0, 0);
    paper(ctx, { ...page, colours: this.colours });
    this.hatch = hatching(ctx, this.colours.muted, page.ratio);
    this.faint = hatching(ctx, this.colours.line, page.ratio);
    this.marginals(ctx, page);
    this.levels = this.ring.leads.map((_, l) => this.ring.level(l) ?? this.levels?.[l] ?? 0);
    this.scale.textContent = `${this.get("provenance") === "synthetic" ? "synthetic · " : ""}${this.get("speed") || 25} mm/s · ${this.get("gain") || 10} mm/mV`;
    this.choices();
  }

  /** Names, the 1 s bar. */
  marginals(ctx, page) {
    ctx.textBaseline = "top";
    ctx.fillStyle = this.colours.ink;
    ctx.font = `600 13px ${FONT}`;
    for (const row of page.rows) ctx.fillText(row.name, 10, row.top + 8);
    ctx.fillStyle = this.colours.muted;
    ctx.fillRect(10, page.height - 22, page.perSecond, 1.5);
    ctx.font = `12px ${FONT}`;
    ctx.textBaseline = "middle";
    ctx.fillText("1 s", 10 + page.perSecond + 5, page.height - 21);
  }

  sweep(ctx, page, { from, to, turn }) {
    const perTurn = page.span * this.ring.rate;
    const origin = turn * perTurn;
    const per = page.perSecond / this.ring.rate;
    const x = (number) => (number - origin) * per;
    if (from === null) {
      // the sweep before, in grey, right of the pen
      const old = (number) => (number - origin + perTurn) * per;
      ctx.save();
      ctx.beginPath();
      ctx.rect(x(to) + BAR_PX, 0, page.width, page.height);
      ctx.clip();
      this.traces(ctx, page, { from: Math.floor(to - perTurn), to: Math.ceil(origin) + 1, x: old, ink: this.colours.pulse, hatch: this.faint, alpha: 0.55 });
      this.beats(ctx, page, { from: Math.floor(to - perTurn), to: Math.ceil(origin), x: old });
      ctx.restore();
      this.traces(ctx, page, { from: Math.floor(origin), to, x, ink: this.colours.trace, hatch: this.hatch });
      this.spans(ctx, page, { from: Math.floor(origin), to, x });
      this.beats(ctx, page, { from: Math.floor(origin), to, x });
    } else {
      const left = x(from) - 4;
      ctx.clearRect(x(from) - 1, 0, x(to) - x(from) + BAR_PX + 1, page.height);
      ctx.save();
      ctx.beginPath();
      ctx.rect(left, 0, page.width, page.height);
      ctx.clip();
      ctx.clearRect(left, 0, 4, page.height); // the dot of the frame before
      this.traces(ctx, page, { from: Math.max(Math.floor(origin), from - Math.ceil(8 / per)), to, x, ink: this.colours.trace, hatch: this.hatch });
      ctx.restore();
    }
    this.dots(page, { to, x });
  }

  scroll(ctx, page, to) {
    const per = page.perSecond / this.ring.rate;
    const from = Math.floor(to - page.span * this.ring.rate);
    const x = (number) => page.width - (to - number) * per;
    this.traces(ctx, page, { from, to, x, ink: this.colours.trace, hatch: this.hatch });
    this.spans(ctx, page, { from, to, x });
    this.beats(ctx, page, { from, to, x });
    this.dots(page, this.paused() ? null : { to, x });
  }

  traces(ctx, page, { from, to, x, ink, hatch, alpha = 1 }) {
    ctx.globalAlpha = alpha;
    const least = GAP_S * this.ring.rate;
    for (const row of page.rows) {
      const level = this.levels[row.l];
      ctx.save();
      ctx.beginPath();
      ctx.rect(0, row.top, page.width, row.bottom - row.top);
      ctx.clip();
      const y = (mv) => row.zero - (mv - level) * page.perMv;
      trace(ctx, this.ring, row.l, { from: Math.max(from, this.ring.tail), to: Math.min(to, this.ring.head), x, y, band: row, ink, hatch, ratio: page.ratio, least });
      ctx.restore();
    }
    ctx.globalAlpha = 1;
  }

  /** A small foot under each beat, with its letter where it is not normal. */
  beats(ctx, page, { from, to, x }) {
    const { rate } = this.ring;
    for (const beat of this.get("beats") ?? []) {
      const number = beat.time_s * rate;
      if (number < from || number > to) continue;
      const odd = beat.beat_class && beat.beat_class !== "normal";
      const y = page.height - 8;
      ctx.fillStyle = odd ? this.colours.texts.Functional : this.colours.pulse;
      ctx.beginPath();
      ctx.moveTo(x(number), y - 6);
      ctx.lineTo(x(number) + 4, y);
      ctx.lineTo(x(number) - 4, y);
      ctx.fill();
      if (!odd) continue;
      ctx.font = `700 11px ${FONT}`;
      ctx.textAlign = "center";
      ctx.textBaseline = "bottom";
      ctx.fillText(beat.beat_class[0].toUpperCase(), x(number), y - 8);
      ctx.textAlign = "left";
    }
  }

  /** Tinted stretches, such as a beat out of order. */
  spans(ctx, page, { from, to, x }) {
    const { rate } = this.ring;
    for (const span of this.get("spans") ?? []) {
      const [a, b] = [span.start_s * rate, span.stop_s * rate];
      if (b < from || a > to) continue;
      ctx.globalAlpha = this.colours.tint;
      ctx.fillStyle = this.colours.fills[span.dimension ?? "Functional"] ?? this.colours.fills.Functional;
      ctx.fillRect(x(Math.max(a, from)), 0, x(Math.min(b, to)) - x(Math.max(a, from)), page.height);
      ctx.globalAlpha = 1;
    }
  }

  /** The pen itself, an element: it moves without anything being painted. */
  dots(page, moving) {
    page.rows.forEach((row, k) => {
      const dot = (this.pool[k] ??= this.root.appendChild(h("div", { style: { position: "absolute", width: "8px", height: "8px", margin: "-4px 0 0 -4px", borderRadius: "50%", pointerEvents: "none", left: "0", top: "0" } })));
      const value = moving ? this.ring.at(row.l, Math.min(moving.to, this.ring.head - 1)) : NaN;
      dot.hidden = !Number.isFinite(value);
      if (dot.hidden) return;
      dot.style.background = this.colours.accent;
      dot.style.transform = `translate(${Math.min(page.width - 4, moving.x(moving.to)).toFixed(1)}px, ${(row.zero - (value - this.levels[row.l]) * page.perMv).toFixed(1)}px)`;
    });
    this.pool.slice(page.rows.length).forEach((dot) => { dot.hidden = true; });
  }

  // --- words ------------------------------------------------------------------------------------------------------------

  blank() {
    if (this.drawn === "blank") return;
    const page = this.lay();
    if (!page.width || !page.height) return;
    this.start({ ...page, rows: [] });
    this.layers[1].getContext("2d").clearRect(0, 0, this.layers[1].width, this.layers[1].height);
    this.scale.textContent = "";
    this.hands.hidden = true;
    this.tellWord(this.get("message") || "No stream yet: connect one.", "");
    this.root.setAttribute("aria-label", "Live ECG: no stream yet");
    this.drawn = "blank";
  }

  wording(now, still) {
    const since = (now - (this.came ?? now)) / 1000;
    const gone = !Number.isFinite(this.ring.at(Math.max(0, this.lay().rows[0]?.l ?? 0), this.ring.head - 1));
    this.root.classList.toggle("stale", still);
    const start = readStart(this.get("start"));
    const time = this.seen() / this.ring.rate;
    if (this.paused()) this.tellWord(this.back > 0.05 ? `stopped · ${this.back.toFixed(0)} s back · ${clockText(time, start)}` : `stopped · ${clockText(time, start)}`, "drag or ← → to look back; Space goes on", "top");
    else if (still) this.tellWord(`nothing has come for ${since.toFixed(0)} s`, this.get("gap_text") || "");
    else if (gone) this.tellWord(this.get("gap_text") || "gap: no signal", "");
    else this.tellWord("", "");
  }

  tellWord(words, more, place = "middle") {
    const key = `${words}|${more}`;
    if (this.told === key) return;
    this.told = key;
    this.word.hidden = !words;
    this.word.replaceChildren(words, ...(more ? [h("small", {}, more)] : []));
    this.word.style.top = place === "top" ? "52px" : "50%";
    if (words && !/\d s/.test(words)) this.said.textContent = words;
  }

  choices() {
    this.hands.hidden = this.get("toolbar") === "hidden";
    const names = this.ring.leads;
    const key = names.join("|");
    if (this.offered !== key) {
      this.select.replaceChildren(...[...names, ...(names.length > 1 ? [ALL] : [])].map((name) => h("option", { value: name }, name === ALL ? "all leads" : name)));
      this.offered = key;
    }
    this.select.style.display = names.length > 1 ? "" : "none";
    this.select.value = this.get("lead") === ALL ? ALL : this.shown()[0] ?? "";
    this.stop.setAttribute("aria-pressed", String(this.paused()));
    this.stop.textContent = this.paused() ? "▶" : "❚❚";
    const title = this.get("title");
    this.root.setAttribute("aria-label", `${title ? `${title}. ` : ""}Live ECG, lead ${this.shown().join(", ")}, ${this.ring.rate} Hz, ${this.scale.textContent}. Space stops it, arrow keys look back, plus and minus change the gain, m marks the moment.`);
  }

  // --- hands ------------------------------------------------------------------------------------------------------------

  listen() {
    const on = (name, act, options) => this.root.addEventListener(name, act, options);
    on("keydown", (event) => this.key(event));
    on("pointerdown", (event) => { if (!event.target.closest(".hands") && event.button === 0) { this.from = { x: event.clientX, back: this.back }; this.root.setPointerCapture(event.pointerId); } });
    on("pointermove", (event) => {
      if (!this.from || Math.abs(event.clientX - this.from.x) < 4) return;
      if (!this.paused()) this.pause(true);
      this.look(this.from.back + (event.clientX - this.from.x) / this.lay().perSecond);
    });
    const up = () => { this.from = null; };
    on("pointerup", up);
    on("pointercancel", up);
    on("wheel", (event) => {
      if (!this.paused()) return;
      event.preventDefault();
      this.look(this.back - (event.deltaX || event.deltaY) / this.lay().perSecond);
    }, { passive: false });
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("select")) return;
    if (event.target.closest?.("button") && (event.key === " " || event.key === "Enter")) return;
    const far = event.shiftKey ? this.lay().span : 1;
    const acts = {
      " ": () => this.pause(!this.paused()), ArrowLeft: () => this.turnBack(far), ArrowRight: () => this.turnBack(-far),
      Home: () => this.turnBack(Infinity), End: () => this.pause(false), Escape: () => this.pause(false),
      "+": () => this.gain(1), "=": () => this.gain(1), "-": () => this.gain(-1), ArrowUp: () => this.other(-1), ArrowDown: () => this.other(1),
      m: () => this.mark(),
    };
    if (!acts[event.key]) return;
    acts[event.key]();
    event.preventDefault();
    event.stopPropagation();
  }

  turnBack(seconds) {
    if (!this.paused()) this.pause(true);
    this.look(this.back + seconds);
  }

  look(back) {
    const most = Math.max(0, ((this.halt ?? this.pen) - this.ring.tail) / this.ring.rate - this.lay().span);
    this.back = Math.max(0, Math.min(most, back));
    this.drawn = null;
  }

  pause(on) {
    this.put({ paused: on });
    this.stopped();
    emit(this.model, on ? "stop" : "go", { time_s: this.pen / this.ring.rate });
  }

  stopped() {
    if (this.paused() && !this.wasPaused) this.halt = this.pen;
    if (!this.paused()) [this.back, this.halt] = [0, null];
    this.wasPaused = this.paused();
    this.drawn = null;
  }

  gain(by) {
    const now = this.get("gain") || 10;
    const next = by > 0 ? GAINS.find((gain) => gain > now) : [...GAINS].reverse().find((gain) => gain < now);
    if (next) this.put({ gain: next });
    this.said.textContent = `${next ?? now} mm/mV`;
  }

  other(by) {
    const names = [...this.ring.leads, ...(this.ring.leads.length > 1 ? [ALL] : [])];
    const at = names.indexOf(this.get("lead") === ALL ? ALL : this.shown()[0]);
    if (names.length > 1) this.put({ lead: names[(at + by + names.length) % names.length] });
  }

  mark() {
    emit(this.model, "mark", { time_s: this.pen / this.ring.rate });
    this.said.textContent = "marked";
  }

  record(ms) {
    const stats = (window.__ecgomics_live_stats ??= { frames: [] });
    stats.frames.push(ms);
    if (stats.frames.length > STATS) stats.frames.shift();
    Object.assign(stats, { pen: this.pen, head: this.ring.head, back: this.back, rate: this.ring.rate });
  }
}
