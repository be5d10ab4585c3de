// Painting: one frame of the strip, bottom to top, and what it cost.

import { drawLabels } from "./labels.js";
import { Traces, drawMargins, drawPaper, drawRuler, drawScroll, namesWidth } from "./ink.js";
import { Minimap } from "./minimap.js";
import { drawBand, drawCursor, drawMarks, drawSpans, spanAt, spansIn } from "./overlays.js";
import { Quality } from "./quality.js";
import { clock, valueText } from "./words.js";

const STATS = 600;

export class Painter {
  constructor(strip) {
    this.strip = strip;
    this.traces = new Traces();
    this.quality = new Quality();
    this.map = new Minimap(strip.face.map, (share) => strip.view.goTo(share * strip.signal.duration - strip.page.shown / 2));
    this.unlabelled = [];
  }

  bandHeight() {
    const { strip } = this;
    const waves = strip.shows("marks") && strip.overlay.marks.has("") ? 9 : 0;
    const beats = strip.shows("beats") && strip.overlay.beats ? 15 : 0;
    return waves + beats ? waves + beats + 2 : 0;
  }

  paint() {
    const { strip } = this;
    const { canvas, plot } = strip.face;
    const started = performance.now();
    const width = plot.clientWidth;
    const height = plot.clientHeight;
    const ratio = window.devicePixelRatio || 1;
    if (!width || !height) return;
    if (width !== strip.size.width || height !== strip.size.height || ratio !== strip.size.ratio || !canvas.height) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      strip.size = { width, height, ratio };
    }
    const ctx = canvas.getContext("2d", { alpha: false });
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (!strip.signal.leads.length) return this.blank(ctx, { width, height });
    strip.face.blank("");
    strip.names ??= namesWidth(ctx, strip.signal.leads);
    strip.page = strip.view.lay();
    if (strip.compare.mode === "beats") this.composeBeats(ctx, { width, height, ratio });
    else this.compose(ctx, { width, height, ratio });
    strip.outlet.ask(strip.signal, strip.page.t0, strip.page.t0 + strip.page.shown);
    strip.compare.ask(strip.outlet, strip.page);
    return this.record(performance.now() - started);
  }

  blank(ctx, { width, height }) {
    const { strip } = this;
    ctx.fillStyle = strip.colours.paper;
    ctx.fillRect(0, 0, width, height);
    strip.face.blank(strip.model.get("message") || "No recording yet: choose one.");
    strip.face.press({ ...strip.setting, layout: strip.setting.layout, compare: "off", modes: [] });
    strip.face.root.setAttribute("aria-label", "No recording yet");
    strip.face.map.hidden = true;
    strip.page = null;
    strip.described = "";
  }

  compose(ctx, { width, height, ratio }) {
    const { strip } = this;
    const { page, signal, colours, overlay, handwork, feedback } = strip;
    const { duration } = signal;
    const spans = strip.shows("spans") ? spansIn(page, overlay) : [];
    const cursor = strip.cursor();
    drawPaper(ctx, page, colours, { width, height, ratio });
    if (strip.shows("quality")) this.quality.draw(ctx, page, overlay.quality, { colours, ratio, duration });
    const labels = drawSpans(ctx, page, spans, { colours, duration });
    drawMargins(ctx, page, signal, colours);
    strip.compare.draw(ctx, page, { colours, ratio });
    const state = this.traces.draw(ctx, page, signal, { colours, ratio });
    ctx.save();
    ctx.beginPath();
    ctx.rect(page.box.left, page.box.top, page.box.width, page.box.height);
    ctx.clip();
    if (strip.shows("marks")) drawMarks(ctx, page, signal, overlay, { colours });
    drawCursor(ctx, page, cursor, colours);
    this.unlabelled = labels.length ? drawLabels(ctx, page, signal, labels, { colours }) : [];
    feedback.draw(ctx, page, signal, colours);
    if (strip.shows("marks") || handwork.moving) handwork.editing.draw(ctx, page, colours);
    handwork.calipers.draw(ctx, page, colours, handwork.measuring);
    if (strip.shows("notes")) handwork.notes.draw(ctx, page, colours);
    ctx.restore();
    drawScroll(ctx, page, colours, width);
    drawRuler(ctx, page, colours, { y: page.box.height, height: height - page.box.height, width, duration });
    if (this.bandHeight()) this.paintBand(ctx, page);
    this.state(state, this.reading(strip.spot(strip.hover), spans));
    strip.face.plot.classList.toggle("scrolls-page", page.overflow < 1);
    this.drawMap({ cursor, ratio });
    if (!strip.described) strip.describe();
  }

  paintBand(ctx, page) {
    const { strip } = this;
    const showBeats = strip.shows("beats") && strip.overlay.beats !== null;
    const showMarks = strip.shows("marks") && strip.overlay.marks.has("");
    drawBand(ctx, page, strip.overlay, { colours: strip.colours, y: page.box.height + 2, showMarks, showBeats });
  }

  composeBeats(ctx, { width, height, ratio }) {
    const { strip } = this;
    const { zoom } = strip.compare.drawBeats(ctx, { width, height, colours: strip.colours, ratio, setting: strip.setting });
    strip.face.map.hidden = true;
    strip.page = { ...strip.page, zoom, zoomMv: zoom };
    this.state({ kind: "samples", sharp: true }, "");
    if (!strip.described) strip.describe();
  }

  state(drawn, reading) {
    const { strip } = this;
    const setting = {
      ...strip.setting, layout: strip.view.layoutName(), marks: strip.shows("marks") || strip.shows("beats"),
      compare: strip.compare.mode, modes: strip.compare.modes(), compared: strip.compare.words(), hidden: strip.hides(),
    };
    strip.face.state(strip.page, setting, { signal: strip.signal, ...drawn, reading, unlabelled: this.unlabelled.length });
  }

  reading(spot, spans) {
    const { strip } = this;
    const { calipers, editing, notes } = strip.handwork;
    if (strip.handwork.measuring && calipers.chosen) return calipers.text();
    if (strip.handwork.moving && editing.chosen) return editing.text();
    const note = strip.shows("notes") ? notes.text(strip.hover) : "";
    if (note || !spot) return note;
    const value = valueText(strip.signal, strip.page, spot);
    const span = spanAt(spans, spot.lead, spot.time);
    const bad = strip.shows("quality") ? this.quality.reason(strip.overlay.quality, spot.lead, spot.time) : "";
    return [span?.label, `${spot.lead} ${strip.page.start === null ? `${spot.time.toFixed(3)} s` : clock(spot.time, 0.01, strip.page.start)}${value}`, bad].filter(Boolean).join(" · ");
  }

  drawMap({ cursor, ratio }) {
    const { page, signal, colours, setting, theme, overlays, face } = this.strip;
    const spans = this.strip.spansShown();
    const full = page.box.width / (signal.duration * setting.speed * page.unit * page.fit) < 0.98;
    const hidden = setting.minimap === "hidden" || (setting.minimap === "auto" && !full);
    if (face.map.hidden !== hidden) face.map.hidden = hidden;
    if (!hidden) this.map.draw(page, signal, { colours, lead: setting.rhythm, ratio, cursor, spans, theme, overlay: overlays });
  }

  /** What the tests and the bench look at: time spent by each frame, and where things were drawn. */
  record(ms) {
    const stats = (window.__ecgomics_strip_stats ??= { frames: [] });
    stats.frames.push(ms);
    if (stats.frames.length > STATS) stats.frames.shift();
    const { page, outlet, size, theme } = this.strip;
    Object.assign(stats, { page, built: this.traces.built, wants: outlet.wants, ratio: size.ratio, theme, unlabelled: this.unlabelled.length });
  }
}
