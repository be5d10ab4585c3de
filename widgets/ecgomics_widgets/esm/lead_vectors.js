// The heart's vector: loops of P, QRS and T in three planes, the frontal axes on their dial, and what was before as a ghost.
import { linear, roundStep } from "./chart/scale.js";
import { follow } from "./chart/theme.js";
import { BASE, emit, fill, h, number, svg, watch } from "./dom.js";
import { unpack } from "./strip/codec.js";

const STYLE = `
.eg-vectors { display: flex; flex-direction: column; container-type: inline-size; }
.eg-vectors .head { flex-wrap: wrap; row-gap: 0; }
.eg-vectors .wave { border: 0; background: none; padding: 4px 7px; border-radius: 6px; font-weight: 600; font-size: 12px; }
.eg-vectors .wave:hover { background: var(--eg-raised); }
.eg-vectors .wave[aria-pressed="false"] { opacity: .4; text-decoration: line-through; }
.eg-vectors .dot { display: inline-block; width: 8px; height: 8px; border-radius: 50%; margin-right: 4px; }
.eg-vectors .angle { color: var(--eg-ink); font-weight: 600; margin: 0 3px; display: inline-block; white-space: nowrap; }
.eg-vectors .area { flex: 1; min-height: 0; display: grid; grid-template-columns: repeat(auto-fit, minmax(124px, 1fr)); grid-auto-rows: minmax(110px, 1fr); gap: 4px; padding: 4px 8px; position: relative; }
.eg-vectors figure { margin: 0; min-width: 0; min-height: 0; display: flex; flex-direction: column; justify-content: center; text-align: center; }
.eg-vectors figure svg { width: 100%; flex: 0 1 260px; min-height: 0; display: block; }
.eg-vectors figcaption { font-size: 11.5px; color: var(--eg-muted); padding-bottom: 2px; }
.eg-vectors .foot { display: flex; align-items: center; gap: 8px; padding: 2px 12px 8px; font-size: 11.5px; color: var(--eg-muted); }
.eg-vectors .foot input { flex: 1; min-width: 60px; max-width: 340px; accent-color: var(--eg-accent); height: 24px; margin: 0; }
.eg-vectors .foot output { min-width: 58px; color: var(--eg-ink); }
.eg-vectors text { font-size: 7px; fill: var(--eg-muted); }
.eg-vectors .none { grid-column: 1 / -1; }
`;
const SIZE = 100; // user units of each picture
const MID = SIZE / 2;
const EDGE = 40;
const RIM = 34; // of the dial, with room for the names of the leads around it
const WAVES = { p: ["P", "comparative"], qrs: ["QRS", "structural"], st_t: ["T", "intensity"], t: ["T", "intensity"], u: ["U", "functional"] };
const PLANES = {
  // which component goes right, which goes down, and what the four ends are called: right, down, left, up
  frontal: { across: [0, 1], down: [1, 1], ends: ["L", "F", "R", "H"] },
  horizontal: { across: [0, 1], down: [2, -1], ends: ["L", "A", "R", "P"] },
  sagittal: { across: [2, 1], down: [1, 1], ends: ["P", "F", "A", "H"] },
};
const SPOKES = { I: 0, II: 60, aVF: 90, III: 120, aVR: -150, aVL: -30 };
const DOTS_MS = 10; // a dot this often along QRS says how fast it runs

const ORDER = Object.keys(WAVES);
const told = (wave) => WAVES[wave]?.[0] ?? wave;
const colour = (wave) => `var(--eg-${WAVES[wave]?.[1] ?? "rest"})`;
const degrees = (angle) => `${number(angle, 0)}°`;

class LeadVectors {
  constructor(model, el) {
    this.model = model;
    this.hidden = new Set();
    this.head = h("div", { class: "head" });
    this.area = h("div", { class: "area" });
    this.foot = h("div", { class: "foot" });
    this.root = h("section", { class: "eg eg-vectors", "aria-label": "Heart vector" }, this.head, this.area, this.foot);
    el.append(h("style", {}, BASE + STYLE), this.root);
    this.slider = h("input", { type: "range", "aria-label": "moment, ms", oninput: () => this.move(Number(this.slider.value)) });
    this.moment = h("output", {});
    const names = ["loops", "before", "axes", "axes_before", "normal", "planes", "before_text", "message", "texts"];
    this.ends = [watch(model, names, () => this.take()), watch(model, ["moment_s"], () => this.draw()), follow(model, this.root, () => this.draw())];
    this.take();
  }

  end() {
    for (const stop of this.ends) stop();
  }

  take() {
    this.now = unpack(this.model.get("loops"));
    this.old = unpack(this.model.get("before"));
    const time = this.now?.arrays.time;
    const waves = this.now?.waves ?? Object.keys(this.model.get("axes") ?? {});
    this.waves = [...waves].sort((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b));
    const legend = this.waves.map((wave) => h("button", {
      class: "wave", "aria-pressed": String(!this.hidden.has(wave)), title: `show or hide ${told(wave)}`,
      onclick: () => { if (!this.hidden.delete(wave)) this.hidden.add(wave); this.take(); },
    }, h("i", { class: "dot", style: { background: colour(wave) } }), told(wave)));
    const before = this.old || Object.keys(this.model.get("axes_before") ?? {}).length;
    fill(this.head, h("h2", {}, this.t("Heart vector")), h("span", { class: "push" }), legend, before ? h("span", { class: "quiet" }, `${this.t("grey")}: ${this.model.get("before_text") || this.t("before")}`) : null);
    if (time?.length) {
      Object.assign(this.slider, { min: Math.round(time[0] * 1000), max: Math.round(time[time.length - 1] * 1000), step: 2 });
      if (!this.foot.contains(this.slider)) fill(this.foot, h("span", {}, this.t("at")), this.slider, this.moment);
    } else fill(this.foot);
    this.draw();
  }

  /** A text in the page's language. */
  t(text) {
    return (this.model.get("texts") || {})[text] ?? text;
  }

  /** The moment shown: as set, else the largest vector of QRS, else of all. */
  at() {
    const set = this.model.get("moment_s");
    const { time } = this.now.arrays;
    if (set !== null && set !== undefined) return Math.max(0, time.findIndex((t) => t >= set - 1e-9));
    const wave = this.now.arrays[this.waves.includes("qrs") ? "qrs" : this.waves[0]];
    const n = time.length;
    let [best, most] = [0, -1];
    for (let i = 0; i < n; i++) {
      const size = wave[i] ** 2 + wave[n + i] ** 2 + wave[2 * n + i] ** 2;
      if (size > most) [best, most] = [i, size];
    }
    return best;
  }

  move(ms) {
    this.model.set("moment_s", ms / 1000);
    this.model.save_changes();
    emit(this.model, "moment", { time_s: ms / 1000 });
    this.draw();
  }

  draw() {
    const planes = this.model.get("planes") ?? Object.keys(PLANES);
    const axes = this.model.get("axes") ?? {};
    if (!this.now && !Object.keys(axes).length) {
      fill(this.area, h("div", { class: "none" }, this.model.get("message") || "No heart vector yet."));
      return;
    }
    const most = this.reach();
    const index = this.now ? this.at() : -1;
    if (this.now) {
      const ms = Math.round(this.now.arrays.time[index] * 1000);
      if (document.activeElement !== this.slider) this.slider.value = ms;
      this.moment.textContent = `${number(ms)} ms`;
      this.slider.setAttribute("aria-valuetext", `${ms} ms after QRS onset`);
    }
    fill(this.area, planes.map((name) => (name === "axis" ? this.dial(axes) : this.now ? this.plane(name, most, index) : null)));
  }

  /** The largest component there is, so that all planes and the ghost share one scale. */
  reach() {
    let most = 0.1;
    for (const part of [this.now, this.old]) {
      if (!part) continue;
      for (const wave of part.waves) {
        if (this.hidden.has(wave)) continue;
        for (const value of part.arrays[wave]) if (Math.abs(value) > most) most = Math.abs(value);
      }
    }
    return most;
  }

  plane(name, most, index) {
    const { across, down, ends } = PLANES[name];
    const place = linear(-most, most, MID - EDGE, MID + EDGE);
    const point = (part, wave, i) => {
      const n = part.arrays.time.length;
      const values = part.arrays[wave];
      return [place(values[across[0] * n + i] * across[1]), place(values[down[0] * n + i] * down[1])];
    };
    const drawing = svg("svg", { viewBox: `0 0 ${SIZE} ${SIZE}`, role: "img", "aria-label": this.say(name, point, most) });
    drawing.append(...this.ground(ends, most, place));
    if (this.old) for (const wave of this.old.waves) if (!this.hidden.has(wave)) drawing.append(loop(this.old, wave, point, { stroke: "var(--eg-faint)", width: 0.7 }));
    for (const wave of this.now.waves) {
      if (this.hidden.has(wave)) continue;
      drawing.append(loop(this.now, wave, point, { stroke: colour(wave), width: 1.3 }), ...arrow(this.now, wave, point));
      if (wave === "qrs") drawing.append(...this.beads(point));
    }
    const shown = this.now.waves.filter((wave) => !this.hidden.has(wave));
    const total = shown.reduce(([x, y], wave) => { const [px, py] = point(this.now, wave, index); return [x + px - MID, y + py - MID]; }, [0, 0]);
    const tip = [MID + total[0], MID + total[1]];
    drawing.append(svg("line", { x1: MID, y1: MID, x2: tip[0], y2: tip[1], stroke: "var(--eg-ink)", "stroke-width": 0.9 }), svg("circle", { cx: tip[0], cy: tip[1], r: 1.9, fill: "var(--eg-ink)" }));
    return h("figure", {}, drawing, h("figcaption", {}, this.t(name)));
  }

  ground(ends, most, place) {
    const step = roundStep(most, 2);
    const rings = [1, 2, 3].map((k) => k * step).filter((value) => value <= most * 1.15);
    const line = (x1, y1, x2, y2) => svg("line", { x1, y1, x2, y2, stroke: "var(--eg-line)", "stroke-width": 0.6 });
    const [r, d, l, u] = ends;
    const word = (text, x, y, anchor) => svg("text", { x, y, "text-anchor": anchor }, text);
    return [
      ...rings.map((value) => svg("circle", { cx: MID, cy: MID, r: place(value) - MID, fill: "none", stroke: "var(--eg-line)", "stroke-width": 0.6 })),
      line(2, MID, SIZE - 2, MID), line(MID, 2, MID, SIZE - 2),
      word(r, SIZE - 1, MID - 2, "end"), word(d, MID + 2, SIZE - 1, "start"), word(l, 1, MID - 2, "start"), word(u, MID + 2, 7, "start"),
      word(`${number(rings[rings.length - 1], step < 0.1 ? 2 : 1)} mV`, SIZE - 1, SIZE - 1, "end"),
    ];
  }

  beads(point) {
    const { time, qrs } = this.now.arrays;
    const step = time.length > 1 ? (time[1] - time[0]) * 1000 : DOTS_MS;
    const every = Math.max(1, Math.round(DOTS_MS / step));
    const n = time.length;
    const dots = [];
    for (let i = 0; i < n; i += every) {
      if (Math.hypot(qrs[i], qrs[n + i], qrs[2 * n + i]) < 0.03) continue;
      const [x, y] = point(this.now, "qrs", i);
      dots.push(svg("circle", { cx: x, cy: y, r: 0.95, fill: colour("qrs") }));
    }
    return dots;
  }

  say(name, point, most) {
    const parts = this.now.waves.filter((wave) => !this.hidden.has(wave)).map((wave) => {
      const n = this.now.arrays.time.length;
      let [far, best] = [-1, [0, 0]];
      for (let i = 0; i < n; i++) {
        const [x, y] = point(this.now, wave, i);
        const size = Math.hypot(x - MID, y - MID);
        if (size > far) [far, best] = [size, [x - MID, y - MID]];
      }
      return `${told(wave)} ${(far / EDGE * most).toFixed(2)} mV at ${Math.round((Math.atan2(best[1], best[0]) * 180) / Math.PI)} degrees`;
    });
    return `${name} plane; largest vectors: ${parts.join(", ")}`;
  }

  /** Frontal axes against the six limb leads, with the sector that is normal for QRS. */
  dial(axes) {
    const before = this.model.get("axes_before") ?? {};
    const normal = this.model.get("normal") ?? [];
    const names = this.waves.filter((wave) => (axes[wave] ?? null) !== null && !this.hidden.has(wave));
    const said = names.map((wave) => `${told(wave)} ${Math.round(axes[wave])} degrees${wave === "qrs" && normal.length ? (inside(axes[wave], normal) ? ", normal" : `, outside ${normal[0]} to ${normal[1]}`) : ""}`).join("; ");
    const drawing = svg("svg", { viewBox: `0 0 ${SIZE} ${SIZE}`, role: "img", "aria-label": `frontal axes: ${said || "none"}` });
    if (normal.length) drawing.append(svg("path", { d: sector(normal, RIM), fill: "var(--eg-good)", "fill-opacity": 0.13 }));
    drawing.append(svg("circle", { cx: MID, cy: MID, r: RIM, fill: "none", stroke: "var(--eg-line)", "stroke-width": 0.8 }));
    for (const [lead, angle] of Object.entries(SPOKES)) {
      const [x, y] = polar(angle, RIM);
      const [bx, by] = polar(angle + 180, RIM);
      const [tx, ty] = polar(angle, RIM + 5.5);
      drawing.append(svg("line", { x1: bx, y1: by, x2: x, y2: y, stroke: "var(--eg-line)", "stroke-width": 0.6 }),
        svg("text", { x: tx, y: ty + 2.5, "text-anchor": Math.abs(tx - MID) < 30 ? "middle" : tx > MID ? "start" : "end" }, lead));
    }
    for (const wave of Object.keys(before)) if (before[wave] !== null && !this.hidden.has(wave)) drawing.append(hand(before[wave], "var(--eg-faint)", 1));
    for (const wave of names) drawing.append(hand(axes[wave], colour(wave), wave === "qrs" ? 1.8 : 1.2));
    const words = names.map((wave) => h("span", { class: "angle" }, h("i", { class: "dot", style: { background: colour(wave) } }), `${told(wave)} ${degrees(axes[wave])}`));
    return h("figure", {}, drawing, h("figcaption", {}, words));
  }
}

function loop(part, wave, point, { stroke, width }) {
  let path = "";
  for (let i = 0; i < part.arrays.time.length; i++) {
    const [x, y] = point(part, wave, i);
    path += `${i ? "L" : "M"}${x.toFixed(2)} ${y.toFixed(2)}`;
  }
  return svg("path", { d: path, fill: "none", stroke, "stroke-width": width, "stroke-linejoin": "round" });
}

/** A small head where the loop runs fastest: which way round it goes. */
function arrow(part, wave, point) {
  const n = part.arrays.time.length;
  let [best, most] = [0, 0];
  for (let i = 0; i + 1 < n; i++) {
    const [a, b] = [point(part, wave, i), point(part, wave, i + 1)];
    const run = Math.hypot(b[0] - a[0], b[1] - a[1]);
    if (run > most) [best, most] = [i, run];
  }
  if (most < 0.05) return [];
  const [[ax, ay], [bx, by]] = [point(part, wave, best), point(part, wave, best + 1)];
  const angle = (Math.atan2(by - ay, bx - ax) * 180) / Math.PI;
  return [svg("path", { d: "M-2.2 -2L2.2 0L-2.2 2Z", fill: colour(wave), transform: `translate(${((ax + bx) / 2).toFixed(2)} ${((ay + by) / 2).toFixed(2)}) rotate(${angle.toFixed(1)})` })];
}

const polar = (angle, radius) => [MID + radius * Math.cos((angle * Math.PI) / 180), MID + radius * Math.sin((angle * Math.PI) / 180)];

function hand(angle, stroke, width) {
  const [x, y] = polar(angle, RIM - 5);
  const turned = `translate(${x.toFixed(2)} ${y.toFixed(2)}) rotate(${angle})`;
  return svg("g", {}, svg("line", { x1: MID, y1: MID, x2: x, y2: y, stroke, "stroke-width": width }), svg("path", { d: "M-1 -3L5 0L-1 3Z", fill: stroke, transform: turned }));
}

function sector([low, high], radius) {
  const [x1, y1] = polar(low, radius);
  const [x2, y2] = polar(high, radius);
  return `M${MID} ${MID}L${x1} ${y1}A${radius} ${radius} 0 ${high - low > 180 ? 1 : 0} 1 ${x2} ${y2}Z`;
}

function inside(angle, [low, high]) {
  return (((angle - low) % 360) + 360) % 360 <= high - low;
}

function render({ model, el }) {
  const vectors = new LeadVectors(model, el);
  return () => vectors.end();
}

export default { render };
