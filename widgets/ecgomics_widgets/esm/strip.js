// The ECG strip: a recording on its paper. State lives in the host's model; this file wires it to paper, ink and hands.

import { Caliper } from "./strip/caliper.js";
import { unpack } from "./strip/codec.js";
import { Face } from "./strip/face.js";
import { listen } from "./strip/gestures.js";
import { Traces, drawMargins, drawPaper, drawRuler, drawScroll, namesWidth } from "./strip/ink.js";
import { press } from "./strip/keys.js";
import { Minimap } from "./strip/minimap.js";
import { drawBand, drawCursor, drawLabels, drawMarks, drawSpans, readOverlay, spanAt, spansIn } from "./strip/overlays.js";
import { automatic, fittingZoom, layOut, panelAt } from "./strip/page.js";
import { isDark, paletteOf } from "./strip/palette.js";
import { Signal } from "./strip/signal.js";
import { summary, valueText } from "./strip/words.js";

const SPEEDS = [25, 50];
const GAINS = [5, 10, 20];
const ZOOM_MOST = 8;
const QUIET_MS = 120; // the host hears of a moving view this often
const STATS = 600;
const FALLBACK_PX = 480;

class Strip {
  constructor(model, el) {
    this.model = model;
    this.signal = new Signal();
    this.traces = new Traces();
    this.view = { t0: 0, zoom: null, scroll: 0 };
    this.size = { width: 0, height: 0, ratio: 1 };
    this.page = null;
    this.frame = 0;
    this.counts = { key: 0, click: 0, want: 0 };
    this.sent = { view: "", want: "" };
    this.taken = {};
    this.hover = null;
    this.measuring = false;
    this.caliper = new Caliper();
    this.face = new Face(el, (name, value) => this.act(name, value));
    this.map = new Minimap(this.face.map, (share) => this.goTo(share * this.signal.duration - this.page.shown / 2));
    this.stopGlide = listen(this.face.root, this.face.plot, this.hands());
    this.takeSettings();
    this.takeSignal();
    this.takeOverlay();
    this.takeView();
    this.watch();
  }

  // --- what the host says -------------------------------------------------------------------------------------------

  watch() {
    const redraw = () => this.draw();
    const on = {
      signal: () => this.takeSignal(), overview: () => this.takeSignal(), overlay: () => this.takeOverlay(),
      view: () => this.takeView(), cursor_s: redraw, shown: redraw,
    };
    for (const name of ["montage", "columns", "rhythm", "gain", "speed", "theme", "calibration", "toolbar", "minimap", "title", "provenance", "height_px"]) {
      on[name] = () => { this.takeSettings(); this.draw(); };
    }
    this.handlers = Object.entries(on).map(([name, handler]) => [`change:${name}`, handler]);
    for (const [name, handler] of this.handlers) this.model.on(name, handler);
    this.observer = new ResizeObserver(() => this.resized());
    this.observer.observe(this.face.plot);
    this.dark = window.matchMedia("(prefers-color-scheme: dark)");
    this.dressAgain = () => { this.dress(); this.draw(); };
    this.dark.addEventListener("change", this.dressAgain);
    this.body = new MutationObserver(this.dressAgain);
    this.body.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  }

  end() {
    for (const [name, handler] of this.handlers) this.model.off(name, handler);
    this.observer.disconnect();
    this.body.disconnect();
    this.dark.removeEventListener("change", this.dressAgain);
    this.stopGlide();
    cancelAnimationFrame(this.frame);
    clearTimeout(this.later);
    this.face.root.remove();
  }

  takeSettings() {
    const get = (name) => this.model.get(name);
    this.setting = {
      layout: get("montage") ?? "auto", columns: get("columns") ?? "consecutive", rhythm: get("rhythm") ?? "II",
      gain: get("gain") ?? 10, speed: get("speed") ?? 25, calibration: get("calibration") ?? 1, title: get("title") ?? "",
      provenance: get("provenance") ?? "recorded", minimap: get("minimap") ?? "auto", measuring: this.measuring,
    };
    this.face.bar.hidden = get("toolbar") === "hidden";
    const height = get("height_px");
    this.face.root.style.height = height ? `${height}px` : this.grown ? `${FALLBACK_PX}px` : "";
    this.dress();
  }

  dress() {
    const theme = this.model.get("theme") ?? "auto";
    this.colours = paletteOf(theme);
    this.theme = isDark(theme) ? "dark" : "light";
    this.face.dress(this.colours);
  }

  takeSignal() {
    let fresh = false;
    for (const name of ["signal", "overview"]) {
      const bytes = this.model.get(name);
      const place = bytes && [bytes.buffer ?? bytes, bytes.byteOffset ?? 0];
      if (!place || (place[0] === this.taken[name]?.[0] && place[1] === this.taken[name][1])) continue;
      this.taken[name] = place;
      const message = unpack(bytes);
      if (message) fresh = this.signal.take(message) || fresh;
    }
    if (fresh) {
      this.stopGlide();
      this.view = { t0: 0, zoom: null, scroll: 0 };
      this.caliper.clear();
      this.names = null;
      this.sent.want = "";
    }
    this.draw();
  }

  takeOverlay() {
    this.overlay = readOverlay(unpack(this.model.get("overlay")));
    this.overlays = (this.overlays ?? 0) + 1;
    this.draw();
  }

  takeView() {
    const view = this.model.get("view");
    if (this.held || (view && JSON.stringify(view) === this.sent.view)) return;
    if (view) this.pending = [Number(view[0]), Number(view[1])];
    else this.view = { t0: 0, zoom: null, scroll: 0 };
    this.draw();
  }

  // --- what the hands do ---------------------------------------------------------------------------------------------

  hands() {
    return {
      press: (at) => { this.held = true; if (this.measuring) { this.caliper.start(this.page, at); this.draw(); } },
      drag: (step) => (this.measuring && step.at ? this.pullCaliper(step.at) : this.pan(step.dx, step.dy)),
      glides: () => !this.measuring,
      release: () => { this.held = false; this.tell(); this.tellCaliper(); },
      click: (at) => this.click(at),
      hover: (at) => { this.hover = at; this.draw(); },
      zoom: (factor, x) => this.zoom(factor, x),
      key: (name, shift) => press(this, name, shift),
    };
  }

  pan(dx, dy) {
    if (!this.page) return false;
    const before = this.page.t0;
    this.view.t0 = Math.min(this.page.last, Math.max(0, before - dx / this.page.perSecond));
    this.view.scroll = Math.min(this.page.overflow, Math.max(0, this.page.scroll - dy));
    this.page = this.lay(); // several moves may come before the next frame
    this.draw();
    return this.view.t0 !== before || dy !== 0;
  }

  goTo(t0) {
    this.view.t0 = t0;
    this.settle();
  }

  zoom(factor, x = null) {
    if (!this.page) return;
    const { page } = this;
    const at = x ?? page.box.left + page.box.width / 2;
    const column = page.simultaneous ? page.panels.filter((p) => !p.rhythm && p.x0 <= at).pop() : null;
    const inside = at - (column?.x0 ?? page.box.left);
    const time = page.t0 + inside / page.perSecond;
    const least = Math.min(page.fit, page.box.width / (this.signal.duration * this.setting.speed * page.unit));
    const middle = (page.scroll + page.box.height / 2) / (page.pitch * page.count);
    this.view.zoom = Math.min(ZOOM_MOST, Math.max(least, page.zoom * factor));
    const next = this.lay();
    this.view.t0 = time - inside / next.perSecond;
    this.view.scroll = middle * next.pitch * next.count - next.box.height / 2;
    this.settle();
  }

  setZoom(zoom) {
    const middle = this.page.t0 + this.page.shown / 2;
    this.view.zoom = zoom;
    this.view.t0 = middle - this.lay().shown / 2;
    this.view.scroll = 0;
    this.settle();
  }

  /** Keep the view inside the recording, draw, and tell the host. */
  settle() {
    this.page = this.lay();
    this.view.t0 = this.page.t0;
    this.view.scroll = this.page.scroll;
    this.draw();
    this.tell();
  }

  act(name, value) {
    const acts = {
      layout: () => this.put({ montage: value }),
      speed: () => this.put({ speed: next(SPEEDS, this.setting.speed) }),
      gain: () => this.put({ gain: next(GAINS, this.setting.gain) }),
      in: () => this.zoom(1.25),
      out: () => this.zoom(0.8),
      true: () => this.setZoom(1),
      fit: () => this.setZoom(null),
      calipers: () => this.setCalipers(!this.measuring),
      marks: () => this.toggleMarks(),
      help: () => { this.face.help.hidden = !this.face.help.hidden; },
    };
    if (this.page) acts[name]?.();
  }

  /** Leave help, calipers and measurement; false when there was nothing to leave. */
  escape() {
    const busy = this.measuring || this.caliper.place || !this.face.help.hidden;
    this.face.help.hidden = true;
    this.caliper.clear();
    this.setCalipers(false);
    return Boolean(busy);
  }

  toggleMarks() {
    const shown = this.model.get("shown") ?? [];
    const rest = shown.filter((name) => name !== "marks" && name !== "beats");
    this.put({ shown: rest.length < shown.length ? rest : [...rest, "marks", "beats"] });
  }

  cursor() {
    return this.model.get("cursor_s") ?? null;
  }

  putCursor(time) {
    this.put({ cursor_s: Math.round(time * 1e4) / 1e4 });
    this.face.say(this.face.aside, `${time.toFixed(2)} seconds`);
  }

  click(at) {
    const spot = this.spot(at);
    if (!spot || this.measuring) return;
    this.counts.click += 1;
    const span = this.spansShown().length ? spanAt(this.overlay.spans, spot.lead, spot.time) : null;
    this.put({
      cursor_s: Math.round(spot.time * 1e4) / 1e4,
      clicked: {
        lead: spot.lead, time_s: Math.round(spot.time * 1e5) / 1e5, mv: spot.value, span: span ? this.overlay.spans.indexOf(span) : null,
        count: this.counts.click,
      },
    });
  }

  /** Lead, time and value under a point of the plot. */
  spot(at) {
    const hit = at && this.page ? panelAt(this.page, at.x, at.y) : null;
    if (!hit || hit.time > this.signal.duration) return null;
    return { ...hit, lead: hit.panel.lead, value: this.signal.at(hit.panel.lead, hit.time) };
  }

  // --- calipers ------------------------------------------------------------------------------------------------------

  setCalipers(on) {
    this.measuring = on;
    this.setting.measuring = on;
    this.face.plot.classList.toggle("measuring", on);
    this.draw();
  }

  pullCaliper(at) {
    const pulled = this.caliper.pull(this.page, at);
    this.draw();
    return pulled;
  }

  tellCaliper() {
    const news = this.caliper.news();
    if (!news) return;
    this.put({ caliper: news });
    this.face.say(this.face.aside, this.caliper.text());
  }

  // --- what the host hears -------------------------------------------------------------------------------------------

  put(values) {
    for (const [name, value] of Object.entries(values)) this.model.set(name, value);
    this.model.save_changes();
    this.takeSettings();
    this.draw();
  }

  tellKey(name) {
    this.counts.key += 1;
    this.put({ key: { name, count: this.counts.key } });
  }

  tell() {
    if (this.later) return;
    this.later = setTimeout(() => {
      this.later = 0;
      if (this.held || !this.page) return;
      const round = (t) => Math.round(t * 1e4) / 1e4;
      const view = [round(this.page.t0), round(this.page.t0 + this.page.shown)];
      if (JSON.stringify(view) === this.sent.view) return;
      this.sent.view = JSON.stringify(view);
      this.model.set("view", view);
      this.model.save_changes();
      this.describe();
    }, QUIET_MS);
  }

  ask() {
    const { page, signal } = this;
    const want = signal.missing(page.t0, page.t0 + page.shown, 1 / (page.perSecond * this.size.ratio));
    if (!want) return;
    const key = `${signal.id}|${want.t0.toFixed(2)}|${want.t1.toFixed(2)}|${want.width}`;
    if (key === this.sent.want || performance.now() < (this.asking ?? 0)) return;
    this.sent.want = key;
    this.asking = performance.now() + 40;
    this.counts.want += 1;
    this.model.set("want", { id: signal.id, ...want, count: this.counts.want });
    this.model.save_changes();
    setTimeout(() => this.draw(), 60); // the view may have moved on meanwhile
  }

  describe() {
    const text = summary(this.page, this.setting, { signal: this.signal, spans: this.spansShown() });
    if (this.described !== text) this.face.root.setAttribute("aria-label", text);
    this.described = text;
  }

  // --- drawing -------------------------------------------------------------------------------------------------------

  resized() {
    const { root, plot } = this.face;
    if (!this.grown && root.isConnected && plot.clientWidth && plot.clientHeight < 90 && !this.model.get("height_px")) {
      this.grown = true; // the host gives no height: take one
      root.style.height = `${FALLBACK_PX}px`;
    }
    root.classList.toggle("narrow", root.clientWidth < 700);
    this.draw();
  }

  draw() {
    if (!this.frame) this.frame = requestAnimationFrame(() => { this.frame = 0; this.paint(); });
  }

  shows(name) {
    return (this.model.get("shown") ?? []).includes(name);
  }

  spansShown() {
    return this.shows("spans") ? this.overlay.spans : [];
  }

  bandHeight() {
    const waves = this.shows("marks") && this.overlay.marks.has("") ? 9 : 0;
    const beats = this.shows("beats") && this.overlay.beats ? 15 : 0;
    return waves + beats ? waves + beats + 2 : 0;
  }

  lay() {
    const { width, height } = this.size;
    const names = (this.names ?? 28) + 10;
    const left = names + (width < 560 ? 16 : 28);
    const box = { left, names, top: 0, width: Math.max(40, width - left), height: Math.max(40, height - 20 - this.bandHeight()) };
    const { leads, duration } = this.signal;
    const asked = this.setting.layout;
    const layout = asked === "auto" ? automatic(leads, width, height) : asked;
    const setting = { ...this.setting, leads, duration, layout };
    if (this.pending) this.takePending(setting, box);
    return layOut(setting, box, this.view);
  }

  takePending(setting, box) {
    const [from, to] = this.pending;
    this.pending = null;
    const unit = layOut(setting, box, { t0: 0, zoom: 1, scroll: 0 });
    const share = unit.simultaneous ? unit.columns : 1;
    const zoom = box.width / share / ((to - from) * unit.perSecond);
    const fit = fittingZoom(setting, box);
    this.view.zoom = !(zoom > 0) || Math.abs(zoom / fit - 1) < 0.002 ? null : Math.min(zoom, ZOOM_MOST * 4);
    this.view.t0 = from;
  }

  paint() {
    const { canvas, plot } = this.face;
    const started = performance.now();
    const width = plot.clientWidth;
    const height = plot.clientHeight;
    const ratio = window.devicePixelRatio || 1;
    if (!width || !height) return;
    if (width !== this.size.width || height !== this.size.height || ratio !== this.size.ratio || !canvas.height) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      this.size = { width, height, ratio };
    }
    const ctx = canvas.getContext("2d", { alpha: false });
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (!this.signal.leads.length) {
      ctx.fillStyle = this.colours.paper;
      ctx.fillRect(0, 0, width, height);
      this.face.note.hidden = false;
      this.face.say(this.face.note, "No recording yet: choose one.");
      this.face.root.setAttribute("aria-label", "No recording yet");
      this.page = null;
      this.described = "";
      return;
    }
    this.face.note.hidden = true;
    this.names ??= namesWidth(ctx, this.signal.leads);
    this.page = this.lay();
    this.compose(ctx, { width, height, ratio });
    this.ask();
    this.record(performance.now() - started);
  }

  compose(ctx, { width, height, ratio }) {
    const { page, signal, colours, overlay } = this;
    const duration = signal.duration;
    const spans = this.shows("spans") ? spansIn(page, overlay) : [];
    const band = this.bandHeight();
    const cursor = this.cursor();
    drawPaper(ctx, page, colours, { width, height, ratio });
    const labels = drawSpans(ctx, page, spans, { colours, duration });
    drawMargins(ctx, page, signal, colours);
    const state = this.traces.draw(ctx, page, signal, { colours, ratio });
    ctx.save();
    ctx.beginPath();
    ctx.rect(page.box.left, page.box.top, page.box.width, page.box.height);
    ctx.clip();
    if (this.shows("marks")) drawMarks(ctx, page, signal, overlay, { colours });
    drawCursor(ctx, page, cursor, colours);
    const unlabelled = drawLabels(ctx, page, signal, labels, { colours });
    this.caliper.draw(ctx, page, colours);
    ctx.restore();
    drawScroll(ctx, page, colours, width);
    drawRuler(ctx, page, colours, { y: page.box.height, height: height - page.box.height, width, duration });
    if (band) {
      const showBeats = this.shows("beats") && overlay.beats !== null;
      drawBand(ctx, page, overlay, { colours, y: page.box.height + 2, showMarks: this.shows("marks") && overlay.marks.has(""), showBeats });
    }
    const spot = this.spot(this.hover);
    const setting = { ...this.setting, layout: this.layoutName(), marks: this.shows("marks") || this.shows("beats") };
    this.face.state(page, setting, { signal, ...state, reading: this.reading(spot, spans), unlabelled });
    this.face.plot.classList.toggle("scrolls-page", page.overflow < 1);
    this.drawMap({ cursor, ratio });
    if (!this.described) this.describe();
  }

  layoutName() {
    const { width, height } = this.size;
    return this.setting.layout === "auto" ? automatic(this.signal.leads, width, height) : this.setting.layout;
  }

  reading(spot, spans) {
    if (this.caliper.place && this.measuring) return this.caliper.text();
    if (!spot) return "";
    const value = valueText(this.signal, this.page, spot);
    const span = spanAt(spans, spot.lead, spot.time);
    return `${span?.label ? `${span.label} · ` : ""}${spot.lead} ${spot.time.toFixed(3)} s${value}`;
  }

  drawMap({ cursor, ratio }) {
    const { page, signal, colours, setting, theme } = this;
    const spans = this.spansShown();
    const full = page.box.width / (signal.duration * setting.speed * page.unit * page.fit) < 0.98;
    const hidden = setting.minimap === "hidden" || (setting.minimap === "auto" && !full);
    if (this.face.map.hidden !== hidden) this.face.map.hidden = hidden;
    if (!hidden) this.map.draw(page, signal, { colours, lead: setting.rhythm, ratio, cursor, spans, theme, overlay: this.overlays });
  }

  /** What the tests and the bench look at: time spent by each frame, and where things were drawn. */
  record(ms) {
    const stats = (window.__ecgomics_strip_stats ??= { frames: [] });
    stats.frames.push(ms);
    if (stats.frames.length > STATS) stats.frames.shift();
    const { page, traces, counts } = this;
    Object.assign(stats, { page, built: traces.built, wants: counts.want, ratio: this.size.ratio, theme: this.theme });
  }
}

function next(choices, value) {
  return choices[(choices.indexOf(value) + 1) % choices.length];
}

export default {
  render({ model, el }) {
    const strip = new Strip(model, el);
    return () => strip.end();
  },
};
