// The strip itself: what the host's model says, what the hands do, and who draws it.

import { unpack } from "./codec.js";
import { Compare } from "./compare.js";
import { Face } from "./face.js";
import { Feedback } from "./feedback.js";
import { listen } from "./gestures.js";
import { Handwork } from "./handwork.js";
import { Journey } from "./journey.js";
import { press } from "./keys.js";
import { Outlet } from "./outlet.js";
import { panelAt } from "./page.js";
import { isDark } from "../chart/darkness.js";
import { paletteOf } from "./palette.js";
import { Painter } from "./painter.js";
import { readOverlay, spanAt } from "./overlays.js";
import { Signal } from "./signal.js";
import { View } from "./view.js";
import { clock, startOf, summary } from "./words.js";

const SPEEDS = [25, 50];
const GAINS = [5, 10, 20];
const FALLBACK_PX = 480;
const ONE_ROW_PX = 1040; // from here on all buttons stand in one row
const SETTINGS = ["montage", "columns", "rhythm", "gain", "speed", "theme", "calibration", "toolbar", "minimap", "title", "provenance", "height_px", "machine_marks", "start"];

export class Strip {
  constructor(model, el) {
    this.model = model;
    this.signal = new Signal();
    this.size = { width: 0, height: 0, ratio: 1 };
    this.page = null;
    this.frame = 0;
    this.counts = { key: 0, click: 0 };
    this.taken = {};
    this.hover = null;
    this.setting = { playing: false, rate: 1 };
    this.overlay = readOverlay(null);
    this.face = new Face(el, (name, value) => this.act(name, value));
    this.view = new View(this);
    this.painter = new Painter(this);
    this.compare = new Compare(this);
    this.feedback = new Feedback();
    this.handwork = new Handwork(this);
    this.journey = new Journey(this);
    this.outlet = new Outlet(this);
    this.stopGlide = listen(this.face.root, this.face.plot, this.hands());
    this.takeSettings();
    this.takeSignal();
    this.takeOverlay();
    this.takeFeedback();
    this.compare.take();
    this.view.take(model.get("view"));
    this.watch();
  }

  // --- what the host says -------------------------------------------------------------------------------------------

  watch() {
    const redraw = () => this.draw();
    const handwork = () => this.handwork.take();
    const feedback = () => this.takeFeedback();
    const compare = () => { this.compare.take(); this.described = ""; };
    const on = {
      signal: () => this.takeSignal(), overview: () => this.takeSignal(), overlay: () => this.takeOverlay(),
      view: () => this.view.take(this.model.get("view")), cursor_s: redraw, shown: redraw, message: redraw,
      calipers: handwork, edits: handwork, notes: handwork, caliper_labels: handwork, parcel: () => this.outlet.takeParcel(),
      feedback, feedback_chosen: feedback, compared: compare, compared_overview: compare, comparison: compare, beat_pair: compare,
      compare_mode: compare, compare_align: compare,
    };
    for (const name of SETTINGS) on[name] = () => { this.takeSettings(); this.draw(); };
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
    this.journey.player.stop();
    cancelAnimationFrame(this.frame);
    this.view.end();
    this.face.root.remove();
  }

  takeSettings() {
    const get = (name) => this.model.get(name);
    Object.assign(this.setting, {
      layout: get("montage") ?? "auto", columns: get("columns") ?? "consecutive", rhythm: get("rhythm") ?? "II",
      gain: get("gain") ?? 10, speed: get("speed") ?? 25, calibration: get("calibration") ?? 1, title: get("title") ?? "",
      provenance: get("provenance") ?? "recorded", minimap: get("minimap") ?? "auto", labels: (get("caliper_labels") ?? []).length, start: startOf(get("start")),
    });
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
      this.view.reset();
      this.journey.player.stop();
      this.handwork.forget();
      this.handwork.take();
      this.outlet.forget();
      this.names = null;
    }
    this.draw();
  }

  takeOverlay() {
    this.overlay = readOverlay(unpack(this.model.get("overlay")));
    this.overlays = (this.overlays ?? 0) + 1;
    this.handwork.take();
  }

  takeFeedback() {
    this.feedback.take(this.model.get("feedback"), this.model.get("feedback_chosen"));
    const item = this.feedback.chosen;
    const time = item && Feedback.start(item);
    if (this.page && time !== null && time !== undefined && item !== this.broughtTo) this.view.bring(time);
    this.broughtTo = item;
    this.described = "";
    this.draw();
  }

  // --- what the hands do ---------------------------------------------------------------------------------------------

  hands() {
    const { handwork } = this;
    return {
      press: (at) => handwork.grasp(at),
      drag: (step) => (step.at && handwork.before ? handwork.pull(step.at) : this.view.pan(step.dx, step.dy)),
      glides: () => !handwork.before,
      release: () => { handwork.release(); this.view.tell(); },
      click: (at) => this.click(at),
      hover: (at) => { this.hover = at; this.draw(); },
      zoom: (factor, x) => this.view.zoomBy(factor, x),
      key: (name, shift) => press(this, name, shift),
    };
  }

  act(name, value) {
    const { handwork, journey, view, outlet, face } = this;
    const acts = {
      layout: () => this.put({ montage: value }),
      speed: () => this.put({ speed: next(SPEEDS, this.setting.speed) }),
      gain: () => this.put({ gain: next(GAINS, this.setting.gain) }),
      in: () => view.zoomBy(1.25),
      out: () => view.zoomBy(0.8),
      true: () => view.zoomTo(1),
      fit: () => view.zoomTo(null),
      calipers: () => handwork.measure(!handwork.measuring),
      label: () => { handwork.measure(true); handwork.change(() => handwork.calipers.relabel()); },
      marks: () => this.toggle(["marks", "beats"]),
      edit: () => handwork.move(!handwork.moving),
      note: () => { if (!this.shows("notes")) this.toggle(["notes"]); handwork.notes.write(); },
      layers: () => face.openLayers(this.model.get("shown") ?? [], { hides: this.hides(), choose: (names, on) => this.show(names, on) }),
      unlabelled: () => face.openList(this.painter.unlabelled.map((span) => ({ text: span.label, time: span.start })), { go: (time) => { this.putCursor(time); view.bring(time); }, start: this.setting.start }),
      compare: () => this.put({ compare_mode: value ?? this.compare.next() }),
      align: () => this.put({ compare_align: this.compare.align === "r" ? "qrs_on" : "r" }),
      play: () => journey.player.toggle(),
      rate: () => journey.nextRate(),
      faster: () => journey.player.faster(1),
      slower: () => journey.player.faster(-1),
      jump: () => journey.ask(),
      picture: () => outlet.copyPicture(),
      svg: () => outlet.order("svg"),
      pdf: () => outlet.order("pdf"),
      help: () => face.toggleHelp(),
    };
    if (this.page || name === "help") acts[name]?.();
  }

  /** Leave help, lists, calipers and measurement; false when there was nothing to leave. */
  escape() {
    const { handwork, journey, face } = this;
    const busy = handwork.measuring || handwork.moving || journey.player.playing || face.somethingOpen();
    face.closeAll();
    journey.player.stop();
    handwork.move(false);
    handwork.measure(false);
    return Boolean(busy);
  }

  /** Show overlays, or take them away. */
  show(names, on) {
    const rest = (this.model.get("shown") ?? []).filter((name) => !names.includes(name));
    this.put({ shown: on ? [...rest, ...names] : rest });
  }

  toggle(names) {
    this.show(names, !names.some((name) => (this.model.get("shown") ?? []).includes(name)));
  }

  /** Whether the machine's marks are kept from the reader. */
  hides() {
    return this.model.get("machine_marks") === "hidden";
  }

  shows(name) {
    if (this.hides() && name !== "notes") return false;
    return (this.model.get("shown") ?? []).includes(name);
  }

  spansShown() {
    return this.shows("spans") ? this.overlay.spans : [];
  }

  cursor() {
    return this.model.get("cursor_s") ?? null;
  }

  putCursor(time) {
    this.put({ cursor_s: Math.round(time * 1e4) / 1e4 });
    this.face.say(this.face.aside, this.setting.start === null ? `${time.toFixed(2)} seconds` : clock(time, 0.01, this.setting.start));
  }

  click(at) {
    const { handwork } = this;
    if (this.shows("notes") && handwork.notes.press(at)) return;
    const spot = this.spot(at);
    if (!spot || handwork.measuring || (handwork.moving && handwork.editing.chosen)) return;
    this.counts.click += 1;
    const span = this.spansShown().length ? spanAt(this.overlay.spans, spot.lead, spot.time) : null;
    const answer = this.feedback.hit(this.page, spot.lead, spot.time);
    this.put({
      cursor_s: Math.round(spot.time * 1e4) / 1e4,
      clicked: {
        lead: spot.lead, time_s: Math.round(spot.time * 1e5) / 1e5, mv: spot.value, span: span ? this.overlay.spans.indexOf(span) : null,
        feedback: answer < 0 ? null : answer, count: this.counts.click,
      },
      ...(answer < 0 ? {} : { feedback_chosen: answer }),
    });
    if (answer >= 0) this.takeFeedback();
  }

  /** Lead, time and value under a point of the plot. */
  spot(at) {
    const hit = at && this.page ? panelAt(this.page, at.x, at.y) : null;
    if (!hit || hit.time > this.signal.duration) return null;
    return { ...hit, lead: hit.panel.lead, value: this.signal.at(hit.panel.lead, hit.time) };
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

  say(words) {
    if (words) this.face.say(this.face.aside, words);
  }

  describe() {
    if (!this.page) return;
    const words = [this.compare.words(), this.feedback.words()].filter(Boolean).join(". ");
    const text = summary(this.page, this.setting, { signal: this.signal, spans: this.spansShown(), words });
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
    const width = root.clientWidth;
    root.classList.toggle("narrow", width < 700);
    // one row of buttons: what is seldom used, and the title, give way to the paper
    root.classList.toggle("tight", width >= 700 && width < ONE_ROW_PX);
    root.classList.toggle("tighter", width >= 700 && width < 800);
    this.draw();
  }

  draw() {
    if (!this.frame) this.frame = requestAnimationFrame(() => { this.frame = 0; this.painter.paint(); });
  }
}

function next(choices, value) {
  return choices[(choices.indexOf(value) + 1) % choices.length];
}
