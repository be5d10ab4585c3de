// What is laid over the print: evidence spans, marks, beats and the cursor. Everything is culled to the view
// and becomes density where it would run together.

import { FONT, crisp } from "./ink.js";
import { after } from "./order.js";
import { BEATS } from "./palette.js";
import { xOf } from "./page.js";
import { readQuality } from "./quality.js";

const SPANS_DRAWN = 240; // in view and wide enough to see; more are drawn as density
const LABELS_TRIED = 60;
const MARKS_DRAWN = 2500;
const LINE = 13;

/** Overlay message in a form that is quick to look up by lead and time. */
export function readOverlay(message) {
  if (!message) return { spans: [], starts: new Float64Array(0), longest: 0, marks: new Map(), names: [], beats: null, quality: new Map() };
  const { times, kinds, leads } = message.arrays;
  const groups = new Map();
  for (let i = 0; i < times.length; i++) {
    const lead = leads[i] < 0 ? "" : message.leads[leads[i]];
    if (!groups.has(lead)) groups.set(lead, []);
    groups.get(lead).push(i);
  }
  const marks = new Map();
  for (const [lead, rows] of groups) {
    marks.set(lead, { times: Float64Array.from(rows, (i) => times[i]), kinds: Uint8Array.from(rows, (i) => kinds[i]) });
  }
  const beats = message.arrays.beat_times.length
    ? { times: message.arrays.beat_times, kinds: message.arrays.beat_kinds, names: message.classes }
    : null;
  const starts = Float64Array.from(message.spans, (span) => span.start);
  const longest = message.spans.reduce((most, span) => Math.max(most, span.stop - span.start), 0);
  return { spans: message.spans, starts, longest, marks, names: message.names, beats, quality: readQuality(message) };
}

/** The spans that reach into what a page shows. */
export function spansIn(page, overlay) {
  const from = Math.min(...page.panels.map((panel) => panel.start));
  const to = Math.max(...page.panels.map((panel) => panel.stop));
  const first = after(overlay.starts, from - overlay.longest);
  return overlay.spans.slice(first, after(overlay.starts, to)).filter((span) => span.stop >= from);
}

/** Evidence spans: tint and edges now, labels returned for `drawLabels` after the traces. */
export function drawSpans(ctx, page, spans, { colours, duration }) {
  const labels = [];
  let drawn = 0;
  const thin = new Map();
  for (const span of spans) {
    const places = placesOf(page, span);
    for (const panel of places) {
      const x0 = Math.max(panel.x0, xOf(page, panel, span.start));
      const x1 = Math.min(panel.x1, xOf(page, panel, Math.min(span.stop, duration)));
      if (x1 <= x0) continue;
      if (x1 - x0 < 1.5 || drawn >= SPANS_DRAWN) {
        if (!thin.has(panel)) thin.set(panel, []);
        thin.get(panel).push([x0, x1, span.dimension]);
        continue;
      }
      tint(ctx, page, panel, { x0, x1, span, colours });
      drawn += 1;
    }
    const seen = places.filter((p) => p.bottom > page.box.top + 2 * LINE && p.top < page.box.top + page.box.height - 2 * LINE);
    const best = seen.find((p) => p.rhythm) ?? seen[0];
    if (best && span.label && labels.length < LABELS_TRIED) labels.push({ span, panel: best });
  }
  for (const [panel, bars] of thin) density(ctx, panel, bars, colours);
  return labels;
}

function placesOf(page, span) {
  return page.panels.filter((panel) => (!span.leads.length || span.leads.includes(panel.lead)) && shows(panel, span));
}

function shows(panel, span) {
  return span.start < panel.stop && span.stop > panel.start;
}

function tint(ctx, page, panel, { x0, x1, span, colours }) {
  const fill = colours.fills[span.dimension] ?? colours.fills[""];
  const top = Math.max(panel.top + 1, page.box.top);
  const bottom = Math.min(panel.bottom - 1, page.box.top + page.box.height);
  if (bottom <= top) return;
  ctx.globalAlpha = colours.tint;
  ctx.fillStyle = fill;
  ctx.fillRect(x0, top, x1 - x0, bottom - top);
  ctx.globalAlpha = 1;
  if (xOf(page, panel, span.start) >= panel.x0) ctx.fillRect(x0 - 0.5, top, 1.25, bottom - top);
  if (xOf(page, panel, span.stop) <= panel.x1) ctx.fillRect(x1 - 0.75, top, 1.25, bottom - top);
}

function density(ctx, panel, bars, colours) {
  ctx.globalAlpha = 0.7;
  for (const [x0, x1, dimension] of bars.slice(0, 4000)) {
    ctx.fillStyle = colours.fills[dimension] ?? colours.fills[""];
    ctx.fillRect(x0, panel.bottom - 4, Math.max(1, x1 - x0), 3);
  }
  ctx.globalAlpha = 1;
}

/** Marks of each lead on its trace: a foot for onsets and offsets, a dot for peaks, coloured by wave. */
export function drawMarks(ctx, page, signal, overlay, { colours }) {
  const paths = { p: new Path2D(), qrs: new Path2D(), t: new Path2D() };
  const dots = { p: new Path2D(), qrs: new Path2D(), t: new Path2D() };
  let drawn = 0;
  for (const panel of page.panels) {
    const marks = overlay.marks.get(panel.lead);
    if (!marks) continue;
    const first = after(marks.times, panel.start);
    const last = after(marks.times, panel.stop);
    if ((last - first) * 3 > panel.x1 - panel.x0) continue; // too many to tell apart: the ruler shows the beats
    for (let i = first; i < last && drawn < MARKS_DRAWN; i++, drawn++) {
      const name = overlay.names[marks.kinds[i]];
      const wave = waveOf(name);
      const x = xOf(page, panel, marks.times[i]);
      const value = signal.at(panel.lead, marks.times[i]) ?? signal.baseline[panel.lead] ?? 0;
      const y = panel.zero - (value - (signal.baseline[panel.lead] ?? 0)) * page.perMv;
      if (name.endsWith("_peak")) {
        dots[wave].moveTo(x + 2.2, y);
        dots[wave].arc(x, y, 2.2, 0, 7);
      } else {
        const foot = name.endsWith("_on") ? 3 : -3;
        paths[wave].moveTo(x, y - 6);
        paths[wave].lineTo(x, y + 6);
        paths[wave].lineTo(x + foot, y + 6);
      }
    }
  }
  ctx.lineWidth = 1.25;
  for (const wave of ["p", "qrs", "t"]) {
    ctx.strokeStyle = colours.waves[wave];
    ctx.stroke(paths[wave]);
    ctx.fillStyle = colours.waves[wave];
    ctx.fill(dots[wave]);
  }
}

function waveOf(name) {
  if (name.startsWith("p_")) return "p";
  return name.startsWith("t_") ? "t" : "qrs";
}

/** The band above the ruler: global P, QRS and T as bars, and each beat's class with its RR in ms. */
export function drawBand(ctx, page, overlay, { colours, y, showMarks, showBeats }) {
  for (const band of page.bands.filter((each) => !each.other)) {
    ctx.save();
    ctx.beginPath();
    ctx.rect(band.x0, y, band.x1 - band.x0, 40);
    ctx.clip();
    const stop = band.start + (band.x1 - band.x0) / page.perSecond;
    if (showMarks) drawWaves(ctx, page, band, { marks: overlay.marks.get(""), names: overlay.names, colours, y: y + 3, stop });
    if (showBeats) drawBeats(ctx, page, band, { beats: overlay.beats, colours, y: y + (showMarks ? 11 : 3), stop });
    ctx.restore();
  }
}

function drawWaves(ctx, page, band, { marks, names, colours, y, stop }) {
  if (!marks) return;
  const open = {};
  const first = after(marks.times, band.start - 1);
  const last = after(marks.times, stop + 1);
  if ((last - first) * 1.5 > band.x1 - band.x0) return;
  for (let i = first; i < last; i++) {
    const name = names[marks.kinds[i]];
    const wave = waveOf(name);
    if (name.endsWith("_on")) open[wave] = marks.times[i];
    if (!name.endsWith("_off") || open[wave] === undefined) continue;
    const x0 = xOf(page, band, open[wave]);
    ctx.fillStyle = colours.waves[wave];
    const height = wave === "qrs" ? 6 : 3;
    ctx.fillRect(x0, y + (6 - height) / 2, Math.max(1, xOf(page, band, marks.times[i]) - x0), height);
    open[wave] = undefined;
  }
}

function drawBeats(ctx, page, band, { beats, colours, y, stop }) {
  const first = after(beats.times, band.start - 2);
  const last = Math.min(beats.times.length, after(beats.times, stop + 2));
  const room = (band.x1 - band.x0) / Math.max(1, last - first);
  ctx.textBaseline = "top";
  ctx.textAlign = "center";
  for (let i = first; i < last; i++) {
    const kind = BEATS[beats.names[beats.kinds[i]]] ?? BEATS.unclassifiable;
    const x = xOf(page, band, beats.times[i]);
    if (room < 12) {
      if (kind !== BEATS.normal) {
        ctx.fillStyle = colours.fills[kind.fill];
        ctx.fillRect(x - 0.5, y, 1.25, 10);
      }
      continue;
    }
    ctx.font = `${kind === BEATS.normal ? 400 : 700} 11px ${FONT}`;
    ctx.fillStyle = kind === BEATS.normal ? colours.muted : colours.texts[kind.fill];
    ctx.fillText(kind.letter, x, y);
    if (room > 56 && i > 0) {
      const gap = beats.times[i] - beats.times[i - 1];
      ctx.font = `400 11px ${FONT}`;
      ctx.fillStyle = colours.muted;
      if (gap * page.perSecond > 44) ctx.fillText(`${Math.round(gap * 1000)}`, x - (gap * page.perSecond) / 2, y);
    }
  }
}

/** The chosen moment, in every panel and band that shows it. */
export function drawCursor(ctx, page, time, colours) {
  if (time === null || !Number.isFinite(time)) return;
  ctx.strokeStyle = colours.accent;
  ctx.lineWidth = 1;
  ctx.beginPath();
  for (const panel of page.panels) {
    if (time < panel.start || time > panel.stop) continue;
    const x = crisp(xOf(page, panel, time), window.devicePixelRatio);
    ctx.moveTo(x, Math.max(panel.top, page.box.top));
    ctx.lineTo(x, Math.min(panel.bottom, page.box.top + page.box.height));
  }
  ctx.stroke();
}

/** The span under a point, the shortest first. */
export function spanAt(spans, lead, time) {
  const hits = spans.filter((s) => s.start <= time && s.stop >= time && (!s.leads.length || s.leads.includes(lead)));
  hits.sort((a, b) => a.stop - a.start - (b.stop - b.start));
  return hits[0] ?? null;
}
