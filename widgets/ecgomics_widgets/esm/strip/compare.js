// A second recording, or another time of the same: under the first, beside it, or beat on beat with the difference shaded.

import { unpack } from "./codec.js";
import { FONT, Traces, crisp, halo, namePlace } from "./ink.js";
import { Signal } from "./signal.js";

export const MODES = ["overlay", "beside", "beats"];
const GRID = 5; // mm
const PAD = 4;
const SEEN_MV = 0.03; // smaller differences are left unshaded

export class Compare {
  constructor(strip) {
    this.strip = strip;
    this.other = null;
    this.beats = null;
    this.mode = "off";
    this.align = "r";
    this.traces = new Traces();
    this.taken = new Map();
    this.id = "";
  }

  take() {
    const { model, signal } = this.strip;
    const stated = model.get("comparison") ?? {};
    // a host hands properties over one by one, in any order: samples wait for the word what they are
    if ((stated.id ?? "") !== this.id) this.taken.clear();
    if (stated.same) this.other = signal;
    else if (!stated.id) this.other = null;
    else for (const name of ["compared", "compared_overview"]) this.takeSignal(name, model.get(name));
    this.id = stated.id ?? "";
    this.shift = stated.shift_s ?? 0;
    this.title = stated.title ?? "";
    this.ghost = stated.ghost ?? false;
    this.beats = unpack(model.get("beat_pair"));
    const asked = model.get("compare_mode") ?? "overlay";
    this.mode = this.other ? (asked === "beats" && !this.beats ? "overlay" : asked) : "off";
    this.align = model.get("compare_align") ?? "r";
    this.strip.draw();
  }

  takeSignal(name, bytes) {
    if (!bytes?.byteLength) return;
    const place = [bytes.buffer ?? bytes, bytes.byteOffset ?? 0];
    const before = this.taken.get(name);
    if (before && before[0] === place[0] && before[1] === place[1]) return;
    this.taken.set(name, place);
    const message = unpack(bytes);
    if (!message) return;
    if (!this.other || this.other === this.strip.signal) this.other = new Signal();
    this.other.take(message);
  }

  /** Shift of the second recording's column when both stand side by side, or null. */
  beside() {
    return this.mode === "beside" ? { shift: this.shift } : null;
  }

  modes() {
    return this.other ? MODES.filter((mode) => mode !== "beats" || this.beats) : [];
  }

  next() {
    const order = ["off", ...this.modes()];
    return order[(order.indexOf(this.mode) + 1) % order.length];
  }

  words() {
    if (this.mode === "off") return "";
    const title = this.title || (this.id ? "second recording" : `${this.shift >= 0 ? "+" : "−"}${Math.abs(this.shift).toFixed(1)} s`);
    if (this.mode === "beats") return `beats: ${title} in blue, aligned at ${this.align === "r" ? "R" : "QRS onset"}`;
    return this.mode === "beside" ? `right: ${title}` : `${this.ghost ? "grey" : "blue"}: ${title}`;
  }

  /** Traces of the second recording in the places of the first, or in its own column. */
  draw(ctx, page, { colours, ratio }) {
    const { other, shift, mode } = this;
    if (!other || !["overlay", "beside"].includes(mode)) return;
    const panels = mode === "beside" ? page.besides : page.panels.map((panel) => ({ ...panel, start: panel.start + shift, stop: panel.stop + shift }));
    const colour = mode === "beside" ? colours.trace : this.ghost ? colours.ghost : colours.other;
    this.traces.draw(ctx, { ...page, panels }, other, { colours: { ...colours, trace: colour }, ratio });
    if (mode !== "beside") return;
    ctx.textBaseline = "top";
    ctx.textAlign = "left";
    ctx.fillStyle = colours.muted;
    for (const panel of panels) {
      const { x, y } = namePlace(page, panel);
      ctx.font = `600 12px ${FONT}`;
      halo(ctx, panel.lead, x, y, colours.ink, colours.paper);
      ctx.fillRect(panel.x0, Math.max(panel.top, page.box.top), 1, Math.min(panel.bottom, page.box.height) - Math.max(panel.top, page.box.top));
    }
  }

  ask(outlet, page) {
    const { other, shift, strip } = this;
    if (!other || other === strip.signal || this.mode === "off" || this.mode === "beats") return;
    const shown = page.shown;
    outlet.ask(other, Math.max(0, page.t0 + shift), Math.min(other.duration, page.t0 + shift + shown));
  }

  // --- beat on beat ---------------------------------------------------------------------------------------------------------

  /** All leads' representative beats on paper of their own; gives back the scale they are drawn at. */
  drawBeats(ctx, { width, height, colours, ratio, setting }) {
    const { leads, t0, step, onset } = this.beats;
    const rows = Math.ceil(leads.length / (width < 560 ? 2 : 4));
    const columns = Math.ceil(leads.length / rows);
    const count = this.beats.arrays.a.length / leads.length;
    const shift = this.align === "qrs_on" && onset?.every((time) => time !== null) ? onset[0] - onset[1] : 0;
    const cell = { w: width / columns, h: height / rows };
    const ranges = leads.map((_, l) => rangeOf(this.beats.arrays, l, count));
    const tallest = Math.max(1, ...ranges.map(([low, high]) => high - low));
    const unit = (96 / 25.4) * setting.calibration;
    const zoom = Math.min((cell.w - 2 * PAD) / (count * step * setting.speed * unit), (cell.h - 2 * PAD - 14) / (tallest * setting.gain * unit));
    const scale = { perSecond: setting.speed * unit * zoom, perMv: setting.gain * unit * zoom, mm: unit * zoom, zoom };
    ctx.fillStyle = colours.paper;
    ctx.fillRect(0, 0, width, height);
    leads.forEach((lead, l) => {
      const column = Math.floor(l / rows);
      const box = { x: column * cell.w, y: (l % rows) * cell.h, w: cell.w, h: cell.h };
      this.drawBeat(ctx, { lead, l, box, scale, shift, count, t0, step, range: ranges[l], colours, ratio });
    });
    return scale;
  }

  drawBeat(ctx, { lead, l, box, scale, shift, count, t0, step, range, colours, ratio }) {
    const zero = box.y + 14 + PAD + (box.h - 14 - 2 * PAD) / 2 + ((range[0] + range[1]) / 2) * scale.perMv;
    const left = box.x + (box.w - count * step * scale.perSecond) / 2 - t0 * scale.perSecond;
    ctx.save();
    ctx.beginPath();
    ctx.rect(box.x, box.y, box.w, box.h);
    ctx.clip();
    grid(ctx, { box, zero, left, scale, colours, ratio });
    const x = (time) => left + time * scale.perSecond;
    const a = curve(this.beats.arrays.a, l, count);
    const b = curve(this.beats.arrays.b, l, count);
    const at = (values, time) => { const i = Math.round((time - t0) / step); return i >= 0 && i < count ? values[i] : NaN; };
    let far = { size: 0, time: 0, mv: 0 };
    ctx.fillStyle = colours.accent;
    ctx.globalAlpha = 0.22;
    for (let i = 0; i < count; i++) {
      const time = t0 + i * step;
      const [one, two] = [a[i], at(b, time - shift)];
      const gap = one - two;
      if (!(Math.abs(gap) > SEEN_MV)) continue;
      if (Math.abs(gap) > far.size) far = { size: Math.abs(gap), time, mv: gap };
      ctx.fillRect(x(time), zero - Math.max(one, two) * scale.perMv, step * scale.perSecond + 0.3, Math.abs(gap) * scale.perMv);
    }
    ctx.globalAlpha = 1;
    line(ctx, b, { x: (i) => x(t0 + i * step + shift), y: (mv) => zero - mv * scale.perMv, colour: colours.other });
    line(ctx, a, { x: (i) => x(t0 + i * step), y: (mv) => zero - mv * scale.perMv, colour: colours.trace });
    ctx.textBaseline = "top";
    ctx.textAlign = "left";
    ctx.font = `600 12px ${FONT}`;
    halo(ctx, lead, box.x + 6, box.y + 3, colours.ink, colours.paper);
    if (far.size) {
      ctx.font = `400 11px ${FONT}`;
      ctx.textAlign = "right";
      halo(ctx, `${far.mv > 0 ? "+" : "−"}${far.size.toFixed(2)} mV at ${far.time < 0 ? "−" : ""}${Math.round(Math.abs(far.time) * 1000)} ms`, box.x + box.w - 6, box.y + 3, colours.accent, colours.paper);
    }
    ctx.restore();
  }
}

function curve(values, l, count) {
  return values.subarray(l * count, (l + 1) * count);
}

function rangeOf({ a, b }, l, count) {
  let [low, high] = [Infinity, -Infinity];
  for (const values of [curve(a, l, count), curve(b, l, count)]) for (const mv of values) if (Number.isFinite(mv)) { low = Math.min(low, mv); high = Math.max(high, mv); }
  return low <= high ? [low, high] : [0, 0];
}

function grid(ctx, { box, zero, left, scale, colours, ratio }) {
  const step = scale.mm * GRID;
  for (const [size, colour] of [[scale.mm >= 2.8 ? scale.mm : 0, colours.minor], [step, colours.major]]) {
    if (!size) continue;
    ctx.strokeStyle = colour;
    ctx.lineWidth = 1 / ratio;
    ctx.beginPath();
    for (let k = Math.ceil((box.x - left) / size); left + k * size <= box.x + box.w; k++) { const x = crisp(left + k * size, ratio); ctx.moveTo(x, box.y); ctx.lineTo(x, box.y + box.h); }
    for (let k = Math.ceil((box.y - zero) / size); zero + k * size <= box.y + box.h; k++) { const y = crisp(zero + k * size, ratio); ctx.moveTo(box.x, y); ctx.lineTo(box.x + box.w, y); }
    ctx.stroke();
  }
}

function line(ctx, values, { x, y, colour }) {
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1.3;
  ctx.beginPath();
  let pen = false;
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) pen = false;
    else if (pen) ctx.lineTo(x(i), y(values[i]));
    else { ctx.moveTo(x(i), y(values[i])); pen = true; }
  }
  ctx.stroke();
}
