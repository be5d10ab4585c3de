// Playing: the view moves by itself, at 1× to 16× of the recording's own time.

export const RATES = [1, 2, 4, 8, 16];

export class Player {
  /** `advance(seconds)` moves on and says whether there is more to come; `changed` hears of every start and stop. */
  constructor(advance, changed) {
    this.advance = advance;
    this.changed = changed;
    this.rate = 1;
    this.frame = 0;
  }

  get playing() {
    return this.frame !== 0;
  }

  toggle() {
    if (this.playing) this.stop();
    else this.start();
  }

  start() {
    let last = performance.now();
    const step = (now) => {
      const passed = Math.min(0.25, Math.max(0, (now - last) / 1000));
      last = now;
      this.frame = requestAnimationFrame(step);
      if (!this.advance(passed * this.rate)) this.stop();
    };
    this.frame = requestAnimationFrame(step);
    this.changed();
  }

  stop() {
    if (!this.playing) return;
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.changed();
  }

  faster(step) {
    this.rate = RATES[Math.min(RATES.length - 1, Math.max(0, RATES.indexOf(this.rate) + step))];
    this.changed();
  }
}

/** Seconds of a time as people write it: 12.5, 3:05, 1:02:03; null when it is none.
 *
 * With a start (s from midnight) a time with a colon is the clock's, 14:22 or 14:22:05, within the day after it. */
export function secondsOf(text, start = null) {
  const parts = text.trim().replace(/\s*s$/, "").split(":").map(Number);
  if (!text.trim() || parts.length > 3 || parts.some((part) => !Number.isFinite(part) || part < 0)) return null;
  if (start !== null && parts.length > 1) {
    const [hours, minutes, seconds = 0] = parts;
    return (((hours * 3600 + minutes * 60 + seconds - start) % 86400) + 86400) % 86400;
  }
  return parts.reduce((sum, part) => sum * 60 + part, 0);
}
