// Feedback on a reading: the student's span above the trace in amber, the reference below in blue with its uncertainty,
// and what is wrong as a red span of the difference with its size. Shape and words say it too, never colour alone.

import { FONT, halo, namePlace } from "./ink.js";
import { xOf } from "./page.js";

const SIGNS = { right: "✓", partly: "◐", wrong: "✕" };
const LINE = 14;
const SERIF = 4;

export class Feedback {
  constructor() {
    this.items = [];
    this.at = -1;
  }

  take(list, chosen) {
    this.items = list ?? [];
    this.at = Math.min(chosen ?? -1, this.items.length - 1);
  }

  get chosen() {
    return this.items[this.at] ?? null;
  }

  /** First moment of an item, or null for words that have none. */
  static start(item) {
    const starts = [item.given?.[0], item.reference?.[0]].filter((time) => time !== null && time !== undefined);
    return starts.length ? Math.min(...starts) : null;
  }

  /** The item under a point. */
  hit(page, lead, time) {
    const slack = 4 / page.perSecond;
    return this.items.findIndex((item) => item.lead === lead && [item.given, item.reference].some((span) => span && time >= span[0] - slack && time <= (span[1] ?? span[0]) + slack));
  }

  draw(ctx, page, signal, colours) {
    this.lanes = new Map();
    ctx.textBaseline = "top";
    ctx.textAlign = "left";
    this.items.forEach((item, index) => {
      if (Feedback.start(item) === null) return;
      const panels = page.panels.filter((panel) => panel.lead === item.lead && visible(panel, item));
      const panel = panels.find((p) => p.rhythm) ?? panels[0];
      if (panel) this.drawSpans(ctx, page, panel, { item, colours, signal, chosen: index === this.at });
    });
    this.drawWords(ctx, page, colours);
  }

  drawSpans(ctx, page, panel, { item, colours, signal, chosen }) {
    const x = (time) => Math.min(panel.x1, Math.max(panel.x0, xOf(page, panel, time)));
    const { above, below } = reach(page, panel, signal, item);
    const over = this.lane(panel, "over", x, item, ctx);
    const roof = Math.max(page.box.top + LINE + 3, above - 10 - over * (LINE + 4));
    const floor = Math.min(page.box.top + page.box.height - LINE - 4, below + 10 + over * (LINE + 4));
    if (item.reference) this.drawReference(ctx, { item, x, above, below, floor, colours, chosen });
    if (item.given) this.drawGiven(ctx, { item, x, roof, below, colours, chosen });
    if (item.difference) this.drawDifference(ctx, page, { item, x, above, below, colours });
  }

  drawReference(ctx, { item, x, above, below, floor, colours, chosen }) {
    const [from, to] = item.reference;
    const doubt = item.uncertainty_s ?? 0;
    ctx.globalAlpha = colours.tint * (chosen ? 1.6 : 1);
    ctx.fillStyle = colours.reference;
    if (to !== null) ctx.fillRect(x(from), above - 4, x(to) - x(from), below - above + 8);
    if (doubt) for (const edge of [from, to]) if (edge !== null) ctx.fillRect(x(edge - doubt), above - 4, x(edge + doubt) - x(edge - doubt), below - above + 8);
    ctx.globalAlpha = 1;
    bracket(ctx, { x0: x(from), x1: to === null ? null : x(to), y: floor, to: above - 4, serif: -SERIF, colour: colours.reference, wide: chosen ? 2 : 1.4 });
    ctx.font = `600 11px ${FONT}`;
    halo(ctx, item.reference_text, x(from), floor + 2, colours.referenceInk, colours.paper);
  }

  drawGiven(ctx, { item, x, roof, below, colours, chosen }) {
    const [from, to] = item.given;
    bracket(ctx, { x0: x(from), x1: to === null ? null : x(to), y: roof, to: below + 4, serif: SERIF, colour: colours.given, wide: chosen ? 2 : 1.4 });
    ctx.font = `600 11px ${FONT}`;
    halo(ctx, item.given_text, x(from), roof - LINE - 1, colours.givenInk, colours.paper);
  }

  drawDifference(ctx, page, { item, x, above, below, colours }) {
    const [from, to] = item.difference;
    ctx.globalAlpha = 0.28;
    ctx.fillStyle = colours.accent;
    ctx.fillRect(x(from), above - 4, Math.max(1.5, x(to) - x(from)), below - above + 8);
    ctx.globalAlpha = 1;
    ctx.font = `600 11px ${FONT}`;
    const words = `${SIGNS[item.verdict] ?? ""} ${item.text}`.trim();
    const width = ctx.measureText(words).width;
    const at = x(to) + 6 + width < page.box.left + page.box.width ? x(to) + 6 : x(from) - 6 - width;
    halo(ctx, words, at, below - 2, colours.accent, colours.paper);
  }

  /** How many items of a panel lie over one another here, so that each has a height of its own. */
  lane(panel, side, x, item, ctx) {
    const key = `${panel.row}|${panel.column}|${side}`;
    if (!this.lanes.has(key)) this.lanes.set(key, []);
    ctx.font = `600 11px ${FONT}`;
    const start = x(Feedback.start(item));
    const ends = [item.given?.[1] ?? item.given?.[0], item.reference?.[1] ?? item.reference?.[0]].filter((t) => t !== null && t !== undefined);
    const widest = Math.max(ctx.measureText(item.given_text).width, ctx.measureText(item.reference_text).width);
    const stop = Math.max(x(Math.max(...ends)), start + widest) + 8;
    const taken = this.lanes.get(key);
    let lane = taken.findIndex((end) => end <= start);
    if (lane < 0) lane = taken.length;
    taken[lane] = stop;
    return lane;
  }

  /** Words on a lead as a whole, beside its name. */
  drawWords(ctx, page, colours) {
    ctx.font = `600 11.5px ${FONT}`;
    const used = new Map();
    for (const item of this.items) {
      if (Feedback.start(item) !== null || !item.text) continue;
      const panel = page.panels.find((p) => p.lead === item.lead && !p.rhythm) ?? page.panels.find((p) => p.lead === item.lead);
      if (!panel) continue;
      const name = namePlace(page, panel);
      const line = used.get(panel) ?? 0;
      used.set(panel, line + 1);
      const x = panel.x0 + (name.width ? name.width + 8 : 8);
      const y = Math.max(panel.top, page.box.top) + 2 + line * LINE;
      halo(ctx, `${SIGNS[item.verdict] ?? ""} ${item.text}`.trim(), x, y, { right: colours.good, partly: colours.givenInk }[item.verdict] ?? colours.accent, colours.paper);
    }
  }

  words() {
    return this.items.map((item) => [item.lead, item.given_text, item.reference_text && `reference ${item.reference_text}`, item.text, { right: "right", partly: "partly right", wrong: "wrong" }[item.verdict]].filter(Boolean).join(", ")).join("; ");
  }
}

function visible(panel, item) {
  return [item.given, item.reference].some((span) => span && span[0] < panel.stop && (span[1] ?? span[0]) > panel.start);
}

/** Highest and lowest y of the trace along an item, so that its brackets lie outside of it. */
function reach(page, panel, signal, item) {
  const times = [item.given, item.reference].flat().filter((t) => t !== null && t !== undefined);
  const extent = signal.extent(panel.lead, Math.min(...times) - 0.02, Math.max(...times) + 0.02);
  const base = signal.baseline[panel.lead] ?? 0;
  const [low, high] = extent ?? [base, base];
  const least = 18;
  return { above: Math.min(panel.zero - least, panel.zero - (high - base) * page.perMv), below: Math.max(panel.zero + least, panel.zero - (low - base) * page.perMv) };
}

/** Two legs and, between them, a beam with the label: an interval as people draw it. One leg is a moment. */
function bracket(ctx, { x0, x1, y, to, serif, colour, wide }) {
  ctx.strokeStyle = colour;
  ctx.lineWidth = wide;
  ctx.beginPath();
  for (const x of [x0, x1]) {
    if (x === null) continue;
    ctx.moveTo(x, y - serif);
    ctx.lineTo(x, to);
  }
  if (x1 !== null) {
    ctx.moveTo(x0, y);
    ctx.lineTo(x1, y);
  }
  ctx.stroke();
}
