// The ECG strip: a recording on its paper. State lives in the host's model; this file wires it to paper, ink and hands.

import { Calipers } from "./strip/caliper.js";
import { unpack } from "./strip/codec.js";
import { Editing } from "./strip/editing.js";
import { Face } from "./strip/face.js";
import { listen } from "./strip/gestures.js";
import { History } from "./strip/history.js";
import { Traces, drawMargins, drawPaper, drawRuler, drawScroll, namesWidth } from "./strip/ink.js";
import { press } from "./strip/keys.js";
import { Minimap } from "./strip/minimap.js";
import { after, drawBand, drawCursor, drawLabels, drawMarks, drawSpans, readOverlay, spanAt, spansIn } from "./strip/overlays.js";
import { automatic, fittingZoom, layOut, panelAt } from "./strip/page.js";
import { isDark, paletteOf } from "./strip/palette.js";
import { copy, pictureOf, save } from "./strip/picture.js";
import { Player, secondsOf } from "./strip/play.js";
import { Signal } from "./strip/signal.js";
import { rangeText, scaleText, summary, valueText } from "./strip/words.js";

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
    this.counts = { key: 0, click: 0, want: 0, order: 0 };
    this.sent = { view: "", want: "" };
    this.taken = {};
    this.hover = null;
    this.measuring = false;
    this.moving = false;
    this.calipers = new Calipers();
    this.editing = new Editing();
    this.history = new History();
    this.player = new Player((seconds) => this.advance(seconds), () => this.played());
    this.face = new Face(el, (name, value) => this.act(name, value));
    this.map = new Minimap(this.face.map, (share) => this.goTo(share * this.signal.duration - this.page.shown / 2));
    this.stopGlide = listen(this.face.root, this.face.plot, this.hands());
    this.face.jump.addEventListener("submit", (event) => { event.preventDefault(); this.jump(); });
    this.face.jump.addEventListener("keydown", (event) => { if (event.key === "Escape") this.leaveJump(); });
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
      calipers: () => this.takeHandwork(), edits: () => this.takeHandwork(), parcel: () => this.takeParcel(),
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
    this.player.stop();
    cancelAnimationFrame(this.frame);
    clearTimeout(this.later);
    this.face.root.remove();
  }

  takeSettings() {
    const get = (name) => this.model.get(name);
    this.setting = {
      layout: get("montage") ?? "auto", columns: get("columns") ?? "consecutive", rhythm: get("rhythm") ?? "II",
      gain: get("gain") ?? 10, speed: get("speed") ?? 25, calibration: get("calibration") ?? 1, title: get("title") ?? "",
      provenance: get("provenance") ?? "recorded", minimap: get("minimap") ?? "auto",
      measuring: this.measuring, moving: this.moving, playing: this.player.playing, rate: this.player.rate,
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
      this.player.stop();
      this.history.clear();
      this.takeHandwork();
      this.names = null;
      this.sent.want = "";
    }
    this.draw();
  }

  takeOverlay() {
    this.overlay = readOverlay(unpack(this.model.get("overlay")));
    this.overlays = (this.overlays ?? 0) + 1;
    this.takeHandwork();
  }

  /** Calipers and edits, whoever made them. */
  takeHandwork() {
    this.calipers.take(this.model.get("calipers"));
    if (!this.editing.grip) this.editing.take(this.model.get("edits"));
    if (this.overlay) this.editing.lay(this.overlay);
    this.draw();
  }

  takeParcel() {
    const message = unpack(this.model.get("parcel"));
    if (!message || message.count !== this.counts.order) return;
    save(new Blob([message.arrays.bytes], { type: message.type }), message.name);
    this.say(`${message.name} saved`);
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
      press: (at) => this.grasp(at),
      drag: (step) => (step.at && this.before ? this.pull(step.at) : this.pan(step.dx, step.dy)),
      glides: () => !this.before,
      release: () => { this.held = false; this.letGo(); this.tell(); },
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
      edit: () => this.setMoving(!this.moving),
      play: () => this.player.toggle(),
      rate: () => (this.player.rate === 16 ? this.player.faster(-9) : this.player.faster(1)),
      faster: () => this.player.faster(1),
      slower: () => this.player.faster(-1),
      jump: () => this.askJump(),
      picture: () => this.copyPicture(),
      svg: () => this.order("svg"),
      pdf: () => this.order("pdf"),
      help: () => { this.face.help.hidden = !this.face.help.hidden; },
    };
    if (this.page) acts[name]?.();
  }

  /** Leave help, calipers and measurement; false when there was nothing to leave. */
  escape() {
    const busy = this.measuring || this.moving || this.player.playing || !this.face.help.hidden;
    this.face.help.hidden = true;
    this.player.stop();
    this.setMoving(false);
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
    if (!spot || this.measuring || (this.moving && this.editing.chosen)) return;
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

  // --- calipers, edits, play --------------------------------------------------------------------------------------------

  setCalipers(on) {
    if (on && this.moving) this.setMoving(false);
    this.measuring = on;
    this.setting.measuring = on;
    this.face.plot.classList.toggle("measuring", on);
    this.draw();
  }

  setMoving(on) {
    if (on && this.measuring) this.setCalipers(false);
    this.moving = on;
    this.setting.moving = on;
    this.editing.chosen = null;
    this.face.plot.classList.toggle("moving", on);
    if (on && !this.shows("marks")) this.put({ shown: [...(this.model.get("shown") ?? []), "marks"] });
    this.draw();
  }

  state() {
    return { calipers: this.calipers.items, edits: this.editing.edits };
  }

  /** Who moves marks, and among what. */
  hand() {
    return { beats: this.overlay.beats, who: this.model.get("who") ?? "", duration: this.signal.duration };
  }

  grasp(at) {
    this.held = true;
    if (!this.page) return;
    const before = this.state();
    if (this.measuring) this.calipers.start(this.page, at, this.snap);
    const taken = this.measuring || (this.moving && this.editing.start(this.page, at, this.overlay));
    this.before = taken ? before : null;
    this.draw();
  }

  pull(at) {
    if (this.measuring) this.calipers.pull(this.page, at, this.snap);
    else if (this.editing.pull(this.page, at, this.hand())) this.editing.lay(this.overlay);
    this.draw();
    return false;
  }

  letGo() {
    const { before } = this;
    this.before = null;
    if (!before) return;
    this.calipers.finish();
    this.editing.grip = null;
    this.keep(before);
  }

  /** Tell the host of changed calipers and edits, and remember what was before. */
  keep(before) {
    const now = this.state();
    if (JSON.stringify(now) === JSON.stringify(before)) return this.draw();
    this.history.note(before);
    return this.publish(now, before);
  }

  publish(now, before) {
    this.editing.lay(this.overlay);
    const news = { ...now };
    if (now.calipers !== before.calipers && this.calipers.chosen) news.caliper = this.calipers.chosen;
    this.put(news);
    this.say(this.measuring ? this.calipers.text() : this.editing.text());
  }

  undo(back) {
    const before = this.state();
    const state = this.history.step(back, before);
    if (!state) return false;
    this.calipers.items = state.calipers;
    this.calipers.at = Math.min(this.calipers.at, state.calipers.length - 1);
    this.editing.edits = state.edits;
    this.publish(state, before);
    return true;
  }

  /** The nearest mark or beat in reach, else the time itself. */
  snap = (lead, time, reach) => {
    let best = time;
    let least = reach;
    const { marks, beats } = this.overlay;
    for (const times of [marks.get(lead)?.times, marks.get("")?.times, beats?.times]) {
      if (!times) continue;
      const next = after(times, time);
      for (const candidate of [times[next - 1], times[next]]) {
        if (candidate === undefined || Math.abs(candidate - time) >= least) continue;
        best = candidate;
        least = Math.abs(candidate - time);
      }
    }
    return best;
  };

  advance(seconds) {
    if (!this.page) return false;
    if (this.page.last <= 0) {
      const to = (this.cursor() ?? 0) + seconds;
      this.model.set("cursor_s", Math.min(this.signal.duration, to));
      this.draw();
      return to < this.signal.duration;
    }
    this.view.t0 = Math.min(this.page.last, this.page.t0 + seconds);
    this.settle();
    return this.view.t0 < this.page.last;
  }

  played() {
    this.setting.playing = this.player.playing;
    this.setting.rate = this.player.rate;
    if (!this.player.playing) this.model.save_changes();
    this.draw();
  }

  askJump() {
    this.face.jump.hidden = false;
    const input = this.face.jump.querySelector("input");
    input.value = "";
    input.setCustomValidity("");
    input.focus();
  }

  leaveJump() {
    this.face.jump.hidden = true;
    this.face.root.focus({ preventScroll: true });
  }

  jump() {
    const input = this.face.jump.querySelector("input");
    const time = secondsOf(input.value);
    if (time === null || time > this.signal.duration) {
      this.say("not a time of this recording");
      input.setCustomValidity(`A time from 0 to ${Math.floor(this.signal.duration)} s, such as 75 or 1:15`);
      input.reportValidity();
      input.setCustomValidity("");
      return;
    }
    this.leaveJump();
    this.putCursor(time);
    this.goTo(time - this.page.shown / 3);
  }

  async copyPicture() {
    const synthetic = this.setting.provenance === "synthetic" ? "synthetic · " : "";
    const parts = [this.setting.title, this.face.faces.kind.textContent, rangeText(this.page, this.signal), scaleText(this.page, this.setting)];
    const words = synthetic + parts.filter(Boolean).join(" · ");
    const blob = await pictureOf(this.face.canvas, { colours: this.colours, ratio: this.size.ratio, words });
    const how = await copy(blob, "ecg.png");
    this.say(`picture ${how}`);
  }

  /** Ask Python for a drawing at true scale of what is shown. */
  order(kind) {
    this.counts.order += 1;
    this.put({ order: { kind, start_s: this.page.t0, stop_s: this.page.t0 + this.page.shown, count: this.counts.order } });
  }

  say(words) {
    if (words) this.face.say(this.face.aside, words);
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
    if (this.shows("marks") || this.moving) this.editing.draw(ctx, page, colours);
    this.calipers.draw(ctx, page, colours, this.measuring);
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
    if (this.measuring && this.calipers.chosen) return this.calipers.text();
    if (this.moving && this.editing.chosen) return this.editing.text();
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
