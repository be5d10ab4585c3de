// Where a lead's signal cannot be trusted: hatched, with the reason on hover.

import { after } from "./order.js";
import { xOf } from "./page.js";

const HATCH = 7;

/** Stretches of a message, by lead and in order of time; those of all leads are under "". */
export function readQuality(message) {
  const groups = new Map();
  if (!message?.quality) return groups;
  const { q_start: starts, q_stop: stops, q_lead: leads, q_reason: reasons } = message.arrays;
  for (let i = 0; i < starts.length; i++) {
    const lead = leads[i] < 0 ? "" : message.quality.leads[leads[i]];
    if (!groups.has(lead)) groups.set(lead, { starts: [], stops: [], reasons: [], longest: 0 });
    const group = groups.get(lead);
    group.starts.push(starts[i]);
    group.stops.push(stops[i]);
    group.reasons.push(message.quality.reasons[reasons[i]]);
    group.longest = Math.max(group.longest, stops[i] - starts[i]);
  }
  return groups;
}

export class Quality {
  constructor() {
    this.patterns = new Map();
  }

  draw(ctx, page, groups, { colours, ratio, duration }) {
    if (!groups.size) return;
    const pattern = this.pattern(ctx, colours, ratio);
    for (const panel of page.panels) {
      const top = Math.max(panel.top, page.box.top);
      const bottom = Math.min(panel.bottom, page.box.top + page.box.height);
      if (bottom <= top) continue;
      for (const lead of [panel.lead, ""]) {
        let end = -Infinity; // stretches that share a pixel are drawn once
        for (const [start, stop] of within(groups.get(lead), panel.start, panel.stop)) {
          const x0 = Math.max(panel.x0, xOf(page, panel, start));
          const x1 = Math.min(panel.x1, Math.max(xOf(page, panel, Math.min(stop, duration)), x0 + 1));
          if (x1 <= end) continue;
          ctx.fillStyle = colours.badTint;
          ctx.fillRect(Math.max(x0, end), top, x1 - Math.max(x0, end), bottom - top);
          ctx.fillStyle = pattern;
          ctx.fillRect(Math.max(x0, end), top, x1 - Math.max(x0, end), bottom - top);
          end = x1;
        }
      }
    }
  }

  /** Why a lead cannot be trusted at a time; empty where it can. */
  reason(groups, lead, time) {
    for (const name of [lead, ""]) {
      for (const [start, stop, reason] of within(groups.get(name), time, time)) if (time >= start && time <= stop) return reason;
    }
    return "";
  }

  pattern(ctx, colours, ratio) {
    const key = `${colours.bad}|${ratio}`;
    if (!this.patterns.has(key)) {
      const size = Math.round(HATCH * ratio);
      const tile = document.createElement("canvas");
      tile.width = tile.height = size;
      const pen = tile.getContext("2d");
      pen.strokeStyle = colours.bad;
      pen.lineWidth = ratio;
      for (const shift of [-size, 0, size]) {
        pen.moveTo(shift, size);
        pen.lineTo(shift + size, 0);
      }
      pen.stroke();
      const pattern = ctx.createPattern(tile, "repeat");
      pattern.setTransform(new DOMMatrix().scale(1 / ratio));
      this.patterns.set(key, pattern);
    }
    return this.patterns.get(key);
  }
}

function* within(group, from, to) {
  if (!group) return;
  for (let i = after(group.starts, from - group.longest); i < group.starts.length && group.starts[i] <= to; i++) {
    if (group.stops[i] >= from) yield [group.starts[i], group.stops[i], group.reasons[i]];
  }
}
