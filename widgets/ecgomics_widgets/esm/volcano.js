// The volcano: each biomarker by its effect and by how surprising it is; colour is dimension, shape is badge, and grey is
// what the same effects look like when there is nothing to find.
import { BADGES, mark } from "./chart/badges.js";
import { Canvas, FONT } from "./chart/canvas.js";
import { linear, logarithmic, roundStep, tickText, ticks } from "./chart/scale.js";
import { follow, inks } from "./chart/theme.js";
import { BASE, DIMENSIONS, emit, fill, float32, h, hue, watch } from "./dom.js";

const STYLE = `
.eg-volcano { display: flex; flex-direction: column; container-type: inline-size; }
.eg-volcano .legend { display: flex; flex-wrap: wrap; gap: 2px 14px; padding: 6px 12px 0; font-size: 11.5px; }
.eg-volcano .legend span { display: inline-flex; align-items: center; gap: 5px; white-space: nowrap; }
.eg-volcano .legend i { width: 9px; height: 9px; border-radius: 2px; }
.eg-volcano .legend canvas { width: 14px; height: 14px; }
.eg-volcano .area { flex: 1; min-height: 200px; position: relative; overflow: hidden; cursor: default; }
.eg-volcano .area:focus-visible { outline-offset: -2px; }
.eg-volcano .area.near { cursor: pointer; }
.eg-volcano .tip { position: absolute; pointer-events: none; z-index: 2; display: none; max-width: min(280px, 92%); padding: 5px 9px; border-radius: 6px; font-size: 11.5px;
  line-height: 1.4; background: var(--eg-ink); color: var(--eg-panel); white-space: pre-line; }
.eg-volcano .said { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.eg-volcano .none { position: absolute; inset: 0; display: grid; place-content: center; background: var(--eg-panel); }
.eg-volcano.stale .area { opacity: .45; }
`;
const PAD = { left: 40, right: 18, top: 20, bottom: 40 };
const RUG = 26; // room under the zero line for what has q = 1
const NEAR = 12;
const SHARE = 7; // marks this close are named together
const LABELS = 14;

/** An effect, a probability and an interval as people write them. */
const plain = (value, digits = 2) => (value === null || value === undefined ? "–" : value.toFixed(digits).replace("-", "−"));
const chance = (q) => (q === null ? "–" : q < 0.001 ? q.toExponential(0).replace("e-", " × 10⁻").replace(/\d+$/, (d) => [...d].map((c) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[c]).join("")) : q.toPrecision(2));

export function describe(row, axis) {
  const interval = row.low === null ? "" : ` (95 % ${plain(row.low)}–${plain(row.high)})`;
  const parts = [`${axis.title} ${plain(row.effect)}${interval}`, `q ${chance(row.q)}`, BADGES[row.badge] ?? row.badge, row.dimension];
  return `${row.biomarker}\n${parts.filter(Boolean).join(" · ")}${row.note ? `\n${row.note}` : ""}`;
}

class Volcano {
  constructor(model, el) {
    this.model = model;
    this.hover = -1;
    this.at = -1;
    this.head = h("div", { class: "head" });
    this.legend = h("div", { class: "legend" });
    this.tip = h("div", { class: "tip" });
    this.said = h("div", { class: "said", "aria-live": "polite" });
    this.empty = h("div", { class: "none" });
    this.area = h("div", { class: "area", tabindex: 0, role: "application", "aria-roledescription": "volcano plot" }, this.tip, this.empty);
    this.root = h("section", { class: "eg eg-volcano", "aria-label": "Volcano" }, this.head, this.legend, this.area, this.said);
    el.append(h("style", {}, BASE + STYLE), this.root);
    this.canvas = new Canvas(this.area, (ctx, size) => this.paint(ctx, size));
    const on = (name, act) => this.area.addEventListener(name, act);
    on("pointermove", (event) => (this.grip ? this.pan(this.canvas.at(event)) : this.point(this.canvas.at(event), event.pointerType === "touch")));
    on("pointerleave", () => this.look(-1));
    on("pointerdown", (event) => { if (event.button === 0 && this.zoom) { this.area.setPointerCapture(event.pointerId); this.grip = { at: this.canvas.at(event), zoom: this.zoom }; } });
    on("pointerup", () => { this.grip = null; });
    on("pointercancel", () => { this.grip = null; });
    on("dblclick", () => this.zoomTo(null));
    this.area.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    on("click", (event) => { if (this.dragged) { this.dragged = false; return; } this.point(this.canvas.at(event), event.pointerType === "touch"); this.choose(this.hover); });
    on("keydown", (event) => this.key(event));
    on("focus", () => { if (this.area.matches(":focus-visible")) this.step(0); });
    on("blur", () => this.look(-1));
    const names = ["rows", "cloud", "rug", "axis", "limit", "opened", "ticked", "state", "about", "cloud_text", "message", "effects", "effect"];
    this.ends = [watch(model, names, () => this.take()), follow(model, this.root, () => this.take())];
    this.take();
  }

  end() {
    for (const stop of this.ends) stop();
    this.canvas.end();
  }

  take() {
    const get = (name) => this.model.get(name);
    this.axis = { title: "effect", centre: 0, scale: "linear", height: "−log10 q", ...get("axis") };
    this.limit = get("limit") ?? 0.05;
    this.rows = (get("rows") ?? []).filter((row) => row.effect !== null && row.height !== null);
    this.order = this.rows.map((_, i) => i).sort((a, b) => this.rows[b].height - this.rows[a].height || Math.abs(this.rows[b].effect - this.axis.centre) - Math.abs(this.rows[a].effect - this.axis.centre));
    this.cloud = float32(get("cloud"));
    this.rug = float32(get("rug"));
    this.at = this.rows.findIndex((row) => row.biomarker === get("opened"));
    this.root.classList.toggle("stale", get("state") === "stale");
    this.dressHead();
    this.empty.style.display = this.rows.length ? "none" : "";
    this.empty.textContent = get("message") || "Nothing compared yet.";
    const passed = this.rows.filter((row) => row.q < this.limit).length;
    this.area.setAttribute("aria-label", `${this.rows.length} biomarkers by ${this.axis.title}, ${passed} at q below ${this.limit}. Arrow keys walk them from the highest, Enter opens one; plus and minus zoom, 0 shows all.`);
    this.look(-1);
    this.canvas.later();
  }

  dressHead() {
    const effects = this.model.get("effects") ?? [];
    const about = this.model.get("about") || "each point one biomarker";
    const whole = this.zoom ? h("button", { class: "plain", title: "show all (0, or double click)", onclick: () => this.zoomTo(null) }, "show all") : null;
    const select = effects.length > 1 ? h("select", { "aria-label": "effect shown", onchange: () => emit(this.model, "effect", { name: select.value }) }, effects.map(({ name, title }) => h("option", { value: name }, `effect: ${title}`))) : null;
    if (select) select.value = this.model.get("effect");
    fill(this.head, h("h2", {}, "Volcano"), h("span", { class: "quiet cut", title: about }, about), h("span", { class: "push" }), whole, select);
    const ink = inks(this.root);
    const here = new Set(this.rows.map((row) => row.dimension));
    const badges = new Set(this.rows.map((row) => row.badge));
    fill(this.legend,
      DIMENSIONS.filter((name) => here.has(name)).map((name) => h("span", {}, h("i", { style: { background: hue(name) } }), name)),
      Object.keys(BADGES).filter((name) => badges.has(name)).map((name) => h("span", { class: "quiet" }, badgeIcon(name, ink), BADGES[name])));
  }

  // --- where things are ---------------------------------------------------------------------------------------------------

  lay({ width, height }) {
    const { axis } = this;
    const effects = this.rows.map((row) => row.effect);
    for (let i = 0; i < this.cloud.length; i += 2) effects.push(this.cloud[i]);
    for (let i = 0; i + 2 < this.rug.length; i += 3) effects.push(this.rug[i], this.rug[i + 1]);
    const log = axis.scale === "logarithmic";
    const far = (value) => (log ? Math.abs(Math.log(value / axis.centre)) : Math.abs(value - axis.centre));
    const reach = Math.max(log ? 0.1 : 0.05, effects.reduce((most, value) => Math.max(most, far(value)), 0) * 1.06);
    const [low, high] = log ? [axis.centre * Math.exp(-reach), axis.centre * Math.exp(reach)] : [axis.centre - reach, axis.centre + reach];
    let top = -Math.log10(this.limit) * 1.5;
    for (const row of this.rows) top = Math.max(top, row.height * 1.05);
    for (let i = 1; i < this.cloud.length; i += 2) top = Math.max(top, this.cloud[i] * 1.05);
    const floor = height - PAD.bottom - (this.rug.length ? RUG : 0);
    // what is zoomed into is a part of the whole, in the scale's own measure, so that it stays when the pane changes size
    const [x0, x1, y0, y1] = this.zoom ?? [0, 1, 0, 1];
    const across = (log ? logarithmic : linear)(low, high, 0, 1);
    const [left, right] = [across.back(x0), across.back(x1)];
    return {
      width, height, low: left, high: right, bottom: y0 * top, top: y1 * top, floor,
      x: (log ? logarithmic : linear)(left, right, PAD.left, width - PAD.right),
      y: linear(y0 * top, y1 * top, floor, PAD.top),
    };
  }

  places() {
    const { laid } = this;
    return this.rows.map((row) => {
      const [x, y] = [laid.x(row.effect), laid.y(row.height)];
      return { x, y, out: x < PAD.left - 1 || x > laid.width - PAD.right + 1 || y < PAD.top - 9 || y > laid.floor + 1 };
    });
  }

  /** Show a part, [x0, x1, y0, y1] as shares of the whole; null shows all. */
  zoomTo(part) {
    if (part) {
      const [wide, high] = [Math.min(1, part[1] - part[0]), Math.min(1, part[3] - part[2])];
      const x = Math.min(1 - wide, Math.max(0, part[0]));
      const y = Math.min(1 - high, Math.max(0, part[2]));
      this.zoom = wide > 0.999 && high > 0.999 ? null : [x, x + wide, y, y + high];
    } else this.zoom = null;
    this.look(-1);
    this.dressHead();
    this.canvas.later();
  }

  /** Closer or farther about a place in the pane; 1 shows all at most, a fortieth at least. */
  zoomBy(factor, { x, y }) {
    if (!this.laid) return;
    const { width, floor } = this.laid;
    const [x0, x1, y0, y1] = this.zoom ?? [0, 1, 0, 1];
    const size = Math.min(1, Math.max(1 / 40, (x1 - x0) * factor)) / (x1 - x0);
    const [u, v] = [(x - PAD.left) / (width - PAD.left - PAD.right), (floor - y) / (floor - PAD.top)].map((share) => Math.min(1, Math.max(0, share)));
    const [cx, cy] = [x0 + u * (x1 - x0), y0 + v * (y1 - y0)];
    this.zoomTo([cx - (cx - x0) * size, cx + (x1 - cx) * size, cy - (cy - y0) * size, cy + (y1 - cy) * size]);
  }

  wheel(event) {
    if (!this.rows.length) return;
    event.preventDefault();
    this.zoomBy(Math.exp(event.deltaY * 0.0015), this.canvas.at(event));
  }

  pan({ x, y }) {
    const { at, zoom } = this.grip;
    if (!this.dragged && Math.hypot(x - at.x, y - at.y) < 4) return;
    this.dragged = true;
    const { width, floor } = this.laid;
    const [dx, dy] = [((at.x - x) / (width - PAD.left - PAD.right)) * (zoom[1] - zoom[0]), ((y - at.y) / (floor - PAD.top)) * (zoom[3] - zoom[2])];
    this.zoomTo([zoom[0] + dx, zoom[1] + dx, zoom[2] + dy, zoom[3] + dy]);
  }

  // --- painting ---------------------------------------------------------------------------------------------------------

  paint(ctx, size) {
    if (!this.rows.length) return;
    this.laid = this.lay(size);
    this.ink = inks(this.root);
    this.spots = this.places();
    this.paintAxes(ctx);
    ctx.save();
    ctx.beginPath();
    ctx.rect(PAD.left - 8, PAD.top - 9, size.width - PAD.left - PAD.right + 16, (this.zoom ? this.laid.floor : size.height) - PAD.top + 9);
    ctx.clip();
    this.paintNull(ctx);
    this.paintMarks(ctx);
    ctx.restore();
    this.paintLabels(ctx);
  }

  paintAxes(ctx) {
    const { laid, ink, axis } = this;
    const text = (words, x, y, align, colour = ink.muted) => { ctx.fillStyle = colour; ctx.textAlign = align; ctx.fillText(words, x, y); };
    ctx.font = `11px ${FONT}`;
    ctx.textBaseline = "middle";
    ctx.lineWidth = 1;
    const line = (x1, y1, x2, y2, colour, dash = []) => { ctx.setLineDash(dash); ctx.strokeStyle = colour; ctx.beginPath(); ctx.moveTo(x1, y1); ctx.lineTo(x2, y2); ctx.stroke(); ctx.setLineDash([]); };
    const steps = Math.max(2, Math.round((laid.floor - PAD.top) / 60));
    const step = roundStep(laid.top - laid.bottom, steps);
    for (const value of ticks(laid.bottom, laid.top, steps)) {
      const y = Math.round(laid.y(value)) + 0.5;
      line(PAD.left, y, laid.width - PAD.right, y, ink.line);
      text(tickText(value, step), PAD.left - 8, y, "right");
    }
    const across = Math.max(2, Math.round((laid.width - PAD.left - PAD.right) / 80));
    const every = roundStep(laid.high - laid.low, across);
    const foot = laid.height - PAD.bottom + 12;
    for (const value of ticks(laid.low, laid.high, across)) text(tickText(value, every), laid.x(value), foot, "center");
    text(axis.title, laid.width - PAD.right, laid.height - 10, "right");
    text(axis.height, 12, 9, "left");
    const middle = Math.round(laid.x(axis.centre)) + 0.5;
    if (middle >= PAD.left && middle <= laid.width - PAD.right) line(middle, PAD.top, middle, laid.height - PAD.bottom, ink.faint);
    const limit = Math.round(laid.y(-Math.log10(this.limit))) + 0.5;
    if (limit < PAD.top || limit > laid.floor) return;
    line(PAD.left, limit, laid.width - PAD.right, limit, ink.muted, [4, 3]);
    text(`q ${String(this.limit).replace(/^0/, "")}`, laid.width - PAD.right, limit - 8, "right");
  }

  /** Null groups: points where their q is below 1, and under the zero line how often each effect had q = 1. */
  paintNull(ctx) {
    const { laid, ink, cloud, rug } = this;
    ctx.fillStyle = ink.rest;
    ctx.globalAlpha = Math.max(0.2, Math.min(0.6, 600 / (cloud.length + 1)));
    ctx.beginPath();
    for (let i = 0; i < cloud.length; i += 2) {
      const [x, y] = [laid.x(cloud[i]), laid.y(cloud[i + 1])];
      ctx.moveTo(x + 2, y);
      ctx.arc(x, y, 2, 0, 2 * Math.PI);
    }
    ctx.fill();
    let most = 0;
    for (let i = 2; i < rug.length; i += 3) most = Math.max(most, rug[i]);
    ctx.globalAlpha = 0.5;
    for (let i = 0; i + 2 < rug.length; i += 3) {
      if (!rug[i + 2]) continue;
      const x = laid.x(rug[i]);
      ctx.fillRect(x, laid.floor + 1, Math.max(1, laid.x(rug[i + 1]) - x - 0.5), Math.max(1, Math.sqrt(rug[i + 2] / most) * (RUG - 4)));
    }
    ctx.globalAlpha = 1;
    const words = this.model.get("cloud_text");
    if (!words || !(cloud.length || rug.length)) return;
    ctx.fillStyle = ink.muted;
    ctx.font = `11px ${FONT}`;
    ctx.textAlign = "left";
    ctx.fillText(words, PAD.left + 4, laid.floor + (rug.length ? RUG - 8 : -8));
  }

  paintMarks(ctx) {
    const { ink, spots, rows } = this;
    const opened = this.model.get("opened");
    const ticked = new Set(this.model.get("ticked") ?? []);
    // the highest last, so that it lies on top
    for (const i of [...this.order].reverse()) {
      const row = rows[i];
      const passed = row.q < this.limit;
      const colour = ink[(row.dimension || "rest").toLowerCase()] ?? ink.rest;
      ctx.globalAlpha = passed || row.biomarker === opened ? 1 : 0.55;
      mark(ctx, { badge: row.badge, ...spots[i], size: passed ? 4.4 : 2.6, colour, ground: ink.panel });
      ctx.globalAlpha = 1;
      if (row.biomarker === opened || ticked.has(row.biomarker)) this.ring(ctx, spots[i], row.biomarker === opened ? ink.ink : ink.selected);
    }
    if (this.hover >= 0) this.ring(ctx, spots[this.hover], ink.link);
  }

  ring(ctx, { x, y }, colour) {
    ctx.beginPath();
    ctx.arc(x, y, 9, 0, 2 * Math.PI);
    ctx.lineWidth = 1.6;
    ctx.strokeStyle = colour;
    ctx.stroke();
  }

  /** Names of the strongest, each where it covers neither a name nor a mark. */
  paintLabels(ctx) {
    const { laid, ink, rows, spots } = this;
    const opened = this.model.get("opened");
    const ticked = new Set(this.model.get("ticked") ?? []);
    const asked = (row) => row.biomarker === opened || ticked.has(row.biomarker);
    const order = this.order.filter((i) => !spots[i].out);
    const named = [...order.filter((i) => asked(rows[i])), ...order.filter((i) => rows[i].q < this.limit && !asked(rows[i])).slice(0, LABELS)];
    const taken = named.map((i) => ({ x: spots[i].x - 6, y: spots[i].y - 6, w: 12, h: 12 }));
    ctx.textAlign = "left";
    ctx.textBaseline = "middle";
    for (const i of named) {
      ctx.font = `${asked(rows[i]) ? "600 " : ""}11.5px ${FONT}`;
      const w = ctx.measureText(rows[i].biomarker).width;
      const gap = asked(rows[i]) ? 13 : 9;
      const outward = rows[i].effect >= this.axis.centre ? -w - gap : gap;
      const box = [outward, outward < 0 ? gap : -w - gap].map((dx) => ({ x: spots[i].x + dx, y: spots[i].y - 7, w, h: 14 }))
        .find((b) => b.x >= 2 && b.x + b.w <= laid.width - 2 && !taken.some((t) => t.x < b.x + b.w && b.x < t.x + t.w && t.y < b.y + b.h && b.y < t.y + t.h));
      if (!box) continue;
      taken.push(box);
      ctx.lineWidth = 3;
      ctx.strokeStyle = ink.panel;
      ctx.strokeText(rows[i].biomarker, box.x, spots[i].y);
      ctx.fillStyle = ink.ink;
      ctx.fillText(rows[i].biomarker, box.x, spots[i].y);
    }
  }

  // --- hands ----------------------------------------------------------------------------------------------------------------

  point({ x, y }, touch) {
    if (!this.spots) return;
    let best = -1;
    let least = (touch ? 24 : NEAR) ** 2;
    this.spots.forEach((spot, i) => {
      if (spot.out) return;
      const far = (spot.x - x) ** 2 + (spot.y - y) ** 2;
      if (far < least || (far === least && best >= 0 && this.rows[i].height > this.rows[best].height)) { least = far; best = i; }
    });
    this.look(best);
  }

  look(i) {
    this.area.classList.toggle("near", i >= 0);
    if (i !== this.hover) {
      this.hover = i;
      this.canvas.later();
    }
    this.tip.style.display = i >= 0 && this.spots ? "block" : "none";
    if (i < 0 || !this.spots) return;
    const spot = this.spots[i];
    const beside = this.rows.filter((_, k) => k !== i && Math.hypot(this.spots[k].x - spot.x, this.spots[k].y - spot.y) < SHARE);
    const more = beside.length ? `\nbeneath: ${beside.slice(0, 4).map((row) => row.biomarker).join(", ")}${beside.length > 4 ? ` and ${beside.length - 4} more` : ""}` : "";
    this.tip.textContent = describe(this.rows[i], this.axis) + more;
    this.tip.style.left = `${Math.max(4, Math.min(spot.x + 14, this.area.clientWidth - this.tip.offsetWidth - 4))}px`;
    this.tip.style.top = `${spot.y > this.tip.offsetHeight + 16 ? spot.y - this.tip.offsetHeight - 12 : spot.y + 14}px`;
  }

  choose(i) {
    if (i < 0) return;
    const { biomarker } = this.rows[i];
    this.model.set("opened", biomarker);
    this.model.save_changes();
    emit(this.model, "choose", { biomarker });
  }

  key(event) {
    const moves = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };
    if (event.key in moves) this.step(moves[event.key]);
    else if (event.key === "Home") this.stand(0);
    else if (event.key === "End") this.stand(this.order.length - 1);
    else if (event.key === "Enter" || event.key === " ") this.choose(this.at);
    else if (event.key === "Escape") this.look(-1);
    else if ("+=-".includes(event.key)) this.zoomBy(event.key === "-" ? 1.25 : 0.8, this.spots?.[this.at] && !this.spots[this.at].out ? this.spots[this.at] : { x: this.area.clientWidth / 2, y: this.area.clientHeight / 2 });
    else if (event.key === "0") this.zoomTo(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  step(by) {
    const from = this.order.indexOf(this.at);
    this.stand(from < 0 ? 0 : from + by);
  }

  stand(place) {
    if (!this.order.length) return;
    this.at = this.order[Math.max(0, Math.min(this.order.length - 1, place))];
    this.look(this.at);
    this.said.textContent = describe(this.rows[this.at], this.axis).replace("\n", ": ");
  }
}

function badgeIcon(badge, ink) {
  const canvas = h("canvas", { width: 28, height: 28, "aria-hidden": "true" });
  const ctx = canvas.getContext("2d");
  ctx.scale(2, 2);
  mark(ctx, { badge, x: 7, y: 7, size: 4, colour: ink.muted, ground: ink.panel });
  return canvas;
}

function render({ model, el }) {
  const volcano = new Volcano(model, el);
  return () => volcano.end();
}

export default { render };
