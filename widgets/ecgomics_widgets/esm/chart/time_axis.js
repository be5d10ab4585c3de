// Time as an axis: round steps of the clock, counted from the wall clock's midnight where the start is known.

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 14400, 21600, 43200];
const DAY = 86400;
const DAYS = [1, 2, 7, 14, 30, 91, 182, 365, 730, 1825];

/** Seconds from midnight of an ISO start ("2026-11-24T08:00:00"), and its day; null when there is none. */
export function readStart(text) {
  const found = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d(?:\.\d+)?))?/.exec(text ?? "");
  if (!found) return null;
  const [, year, month, day, hour, minute, second] = found.map(Number);
  return { day: Date.UTC(year, month - 1, day) / 1000, seconds: hour * 3600 + minute * 60 + (second || 0) };
}

const two = (value) => String(Math.floor(value)).padStart(2, "0");

/** A moment as the clock says it; without a start, as time since it. Finer than `step` is left out. */
export function clockText(time, start, step = 1) {
  if (start && step >= DAY) return dateText(time, start);
  const whole = step < 1 ? time : Math.round(time);
  const at = start ? (((start.seconds + whole) % DAY) + DAY) % DAY : Math.abs(whole);
  const [hours, minutes, seconds] = [Math.floor(at / 3600), Math.floor((at % 3600) / 60), at % 60];
  const fine = step < 1 ? seconds.toFixed(1).padStart(4, "0") : two(seconds);
  const sign = !start && time < 0 ? "−" : "";
  if (step >= 60) return `${sign}${start ? two(hours) : hours}:${two(minutes)}`;
  return `${sign}${start ? two(hours) : hours}:${two(minutes)}:${fine}`;
}

export function dateText(time, start) {
  return new Date((start.day + start.seconds + time) * 1000).toISOString().slice(0, 10);
}

/** How long something lasts: 29 min, 1 h 03, 4.2 s. */
export function lengthText(seconds) {
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${two(minutes % 60)}`;
}

/** Round moments in [from, to], about `count` of them, with the step between them. */
export function timeTicks(from, to, { count, start }) {
  const wanted = (to - from) / Math.max(1, count);
  const step = STEPS.find((s) => s >= wanted) ?? (DAYS.find((d) => d * DAY >= wanted) ?? DAYS[DAYS.length - 1]) * DAY;
  const shift = start ? start.seconds : 0;
  const values = [];
  for (let k = Math.ceil((from + shift) / step - 1e-9); k * step - shift <= to + 1e-6; k++) values.push(k * step - shift);
  return { values, step };
}

/** Draw the axis's words under a plot. */
export function drawTimes(ctx, { x, view, y, start, ink, left, right, font }) {
  const { values, step } = timeTicks(...view, { count: Math.max(2, (right - left) / 92), start });
  ctx.font = font;
  ctx.textBaseline = "top";
  ctx.fillStyle = ink.muted;
  for (const value of values) {
    const words = clockText(value, start, step);
    const half = ctx.measureText(words).width / 2;
    const at = x(value);
    if (at < left - 12 || at > right + 12) continue;
    ctx.fillRect(Math.round(at), y, 1, 4);
    ctx.textAlign = "left";
    ctx.fillText(words, Math.max(left - 20, Math.min(right - 2 * half + 6, at - half)), y + 6);
  }
}
