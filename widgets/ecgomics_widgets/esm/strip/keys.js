// What each key does; the list people see is in face.js.

import { pressCaliper } from "./caliper.js";
import { after } from "./order.js";
import { LAYOUTS } from "./page.js";

const BEAT_S = 0.8; // a step of ← → where no beats are known
const ACTS = { "+": "in", "=": "in", "-": "out", "−": "out", _: "out", 0: "true", f: "fit", c: "calipers", m: "marks", "?": "help",
  e: "edit", " ": "play", ">": "faster", "<": "slower", g: "jump", p: "picture", a: "note", l: "layers", d: "compare", D: "align" };
const MOVES = {
  ArrowLeft: (strip, shift) => (shift ? strip.view.goTo(strip.page.t0 - strip.page.shown) : toBeat(strip, -1)),
  ArrowRight: (strip, shift) => (shift ? strip.view.goTo(strip.page.t0 + strip.page.shown) : toBeat(strip, 1)),
  Home: (strip) => strip.view.goTo(0),
  End: (strip) => strip.view.goTo(strip.page.last),
  x: (strip) => toEctopic(strip, 1),
  X: (strip) => toEctopic(strip, -1),
  n: (strip) => toFinding(strip, 1),
  N: (strip) => toFinding(strip, -1),
};
const HIDDEN = ["marks", "edit", "layers"]; // what shows or moves the machine's marks
const FOR_THE_HOST = { ArrowUp: "previous_record", ArrowDown: "next_record" };

/** Do what a key stands for; false when it is none of the strip's. */
export function press(strip, name, shift) {
  if (strip.page && (forCaliper(strip, name, shift) || forEdit(strip, name, shift))) return true;
  if (name.toLowerCase() === "z") return strip.handwork.undo(name === "z" && !shift);
  if (name in FOR_THE_HOST) strip.tellKey(FOR_THE_HOST[name]);
  else if (!strip.page) return false;
  else if (name in ACTS && !(HIDDEN.includes(ACTS[name]) && strip.hides())) strip.act(ACTS[name]);
  else if (name in MOVES) MOVES[name](strip, shift);
  else if (LAYOUTS[Number(name) - 1]) strip.act("layout", LAYOUTS[Number(name) - 1]);
  else return name === "Escape" && strip.escape();
  return true;
}

/** Scrub: to the beat before or after the cursor; the view goes along, keeping the cursor where it was on the screen. */
function toBeat(strip, step) {
  const { page, signal, overlay } = strip;
  const stop = page.t0 + page.shown;
  const old = strip.cursor();
  const seen = old !== null && old >= page.t0 - 0.01 && old <= stop + 0.01;
  const from = seen ? old : step > 0 ? page.t0 : stop;
  const times = strip.hides() ? null : overlay.beats?.times;
  let to = from + step * BEAT_S;
  if (times?.length) {
    const next = step > 0 ? after(times, from + 0.02) : after(times, from - 0.02) - 1;
    to = times[Math.min(times.length - 1, Math.max(0, next))];
  }
  to = Math.min(signal.duration, Math.max(0, to));
  strip.putCursor(to);
  strip.view.goTo(seen ? page.t0 + to - from : to < page.t0 || to > stop ? to - page.shown / 2 : page.t0);
}

/** To the next evidence span; the host hears of it and may know better. */
function toFinding(strip, step) {
  const { overlay, feedback } = strip;
  if (feedback.items.length) return toFeedback(strip, step);
  if (strip.hides()) return undefined;
  const from = strip.cursor() ?? (step > 0 ? -1 : Infinity);
  const next = step > 0 ? after(overlay.starts, from + 0.001) : after(overlay.starts, from - 0.001) - 1;
  const to = overlay.starts[next];
  if (to !== undefined) {
    strip.putCursor(to);
    strip.view.bring(to);
  }
  strip.tellKey(step > 0 ? "next_finding" : "previous_finding");
  return undefined;
}

/** To the next line of feedback: the host's form goes along. */
function toFeedback(strip, step) {
  const { items, at } = strip.feedback;
  const next = at < 0 ? (step > 0 ? 0 : items.length - 1) : (at + step + items.length) % items.length;
  strip.put({ feedback_chosen: next });
  strip.takeFeedback();
}

/** To the beat before or after the cursor that is not normal. */
function toEctopic(strip, step) {
  const { overlay } = strip;
  const { beats } = overlay;
  const from = strip.cursor() ?? (step > 0 ? -1 : Infinity);
  let i = beats ? (step > 0 ? after(beats.times, from + 0.001) : after(beats.times, from - 0.001) - 1) : -1;
  while (beats && i >= 0 && i < beats.times.length && beats.names[beats.kinds[i]] === "normal") i += step;
  const to = beats?.times[i];
  if (to === undefined) return strip.say(`no ${step > 0 ? "later" : "earlier"} ectopic beat`);
  strip.putCursor(to);
  strip.view.bring(to);
  return undefined;
}

function forCaliper(strip, name, shift) {
  const { page, signal, handwork } = strip;
  if (!handwork.measuring) return false;
  const before = handwork.state();
  const view = { lead: page.panels[0].lead, middle: page.t0 + page.shown / 2, duration: signal.duration };
  const tick = Math.max(0.001, 1 / signal.rate);
  if (!pressCaliper(handwork.calipers, name, { shift, tick, view })) return false;
  handwork.keep(before);
  return true;
}

function forEdit(strip, name, shift) {
  const { handwork } = strip;
  const { editing } = handwork;
  if (!handwork.moving || !editing.chosen) return false;
  const before = handwork.state();
  const tick = Math.max(0.001, 1 / strip.signal.rate) * (shift ? 10 : 1);
  if (name === "Delete" || name === "Backspace") editing.reset(shift);
  else if (name === "ArrowLeft" || name === "ArrowRight") {
    editing.move(editing.chosen, editing.chosen.time + (name === "ArrowLeft" ? -tick : tick), handwork.hand());
  } else return false;
  handwork.keep(before);
  return true;
}
