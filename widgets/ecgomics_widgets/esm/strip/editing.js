// Marks moved by hand. The machine's times are never touched: edits are rows {beat, lead, mark, machine_s, edited_s, who,
// when} laid over them, and what the machine had said stays on the paper as a ghost.

import { after } from "./order.js";
import { panelAt, xOf } from "./page.js";

const REACH = 7; // px
const ALL = "global";

export class Editing {
  constructor() {
    this.edits = [];
    this.grip = null;
    this.chosen = null;
  }

  take(list) {
    this.edits = list ?? [];
  }

  /** The overlay's marks with the edits in their place; `machine` keeps what was found. */
  lay(overlay) {
    overlay.found ??= overlay.marks;
    overlay.marks = new Map(overlay.found);
    for (const [lead, group] of overlay.found) {
      const mine = this.edits.filter((edit) => (edit.lead === ALL ? "" : edit.lead) === lead);
      if (mine.length) overlay.marks.set(lead, moved(group, mine, overlay.names));
      else overlay.marks.set(lead, { ...group, machine: group.times });
    }
  }

  /** The mark under a point: on a trace, or of all leads in the band below. */
  hit(page, at, overlay) {
    const spot = panelAt(page, at.x, at.y);
    const band = spot ? spot.panel : page.bands.find((b) => at.x >= b.x0 && at.x <= b.x1 && at.y > page.box.height);
    const lead = spot ? spot.panel.lead : "";
    const marks = band && overlay.marks.get(lead);
    if (!marks?.times.length) return null;
    const time = band.start + (at.x - band.x0) / page.perSecond;
    const next = after(marks.times, time);
    const near = [next - 1, next].filter((i) => i >= 0 && i < marks.times.length);
    near.sort((a, b) => Math.abs(marks.times[a] - time) - Math.abs(marks.times[b] - time));
    const i = near[0];
    if (Math.abs(xOf(page, band, marks.times[i]) - at.x) > REACH) return null;
    const limits = [marks.times[i - 1] ?? 0, marks.times[i + 1] ?? Infinity];
    return { lead: lead || ALL, mark: overlay.names[marks.kinds[i]], machine_s: marks.machine[i], time: marks.times[i], band, limits };
  }

  start(page, at, overlay) {
    this.grip = this.chosen = this.hit(page, at, overlay);
    return Boolean(this.grip);
  }

  pull(page, at, { beats, who, duration }) {
    const { grip } = this;
    if (!grip) return false;
    const time = grip.band.start + (Math.min(grip.band.x1, Math.max(grip.band.x0, at.x)) - grip.band.x0) / page.perSecond;
    this.move(grip, time, { beats, who, duration });
    return true;
  }

  /** Put a mark at a time, between its neighbours: marks of a lead keep their order. */
  move(place, time, { beats, who, duration }) {
    const edited = Math.min(Math.min(duration, place.limits[1]), Math.max(place.limits[0], time));
    const row = {
      beat: nearest(beats, place.machine_s), lead: place.lead, mark: place.mark, machine_s: place.machine_s,
      edited_s: Math.round(edited * 1e5) / 1e5, who, when: new Date().toISOString(),
    };
    this.chosen = { ...place, time: row.edited_s };
    this.edits = [...this.edits.filter((edit) => !same(edit, place)), row];
  }

  /** Back to what the machine had found: the chosen mark, or all. */
  reset(all) {
    this.edits = all ? [] : this.edits.filter((edit) => !this.chosen || !same(edit, this.chosen));
  }

  draw(ctx, page, colours) {
    ctx.strokeStyle = ctx.fillStyle = colours.accent;
    ctx.lineWidth = 1;
    for (const edit of this.edits) {
      const panels = page.panels.filter((p) => p.lead === edit.lead || edit.lead === ALL);
      for (const panel of panels) {
        if (edit.machine_s < panel.start || edit.machine_s > panel.stop) continue;
        const x0 = xOf(page, panel, edit.machine_s);
        const x1 = xOf(page, panel, edit.edited_s);
        ctx.setLineDash([2, 2]);
        ctx.beginPath();
        ctx.moveTo(x0, panel.zero - 14);
        ctx.lineTo(x0, panel.zero + 14);
        ctx.stroke();
        ctx.setLineDash([]);
        ctx.beginPath();
        ctx.moveTo(x1, panel.zero - 14);
        ctx.lineTo(x1, panel.zero + 14);
        ctx.moveTo(x0, panel.zero + 14);
        ctx.lineTo(x1, panel.zero + 14);
        ctx.stroke();
      }
    }
  }

  text() {
    const edit = this.chosen && this.edits.find((row) => same(row, this.chosen));
    if (!edit) return this.chosen ? `${this.chosen.mark} · ${this.chosen.lead} · ${this.chosen.time.toFixed(3)} s` : "";
    const ms = Math.round((edit.edited_s - edit.machine_s) * 1000);
    return `${edit.mark} · ${edit.lead} · ${edit.edited_s.toFixed(3)} s, ${ms < 0 ? "−" : "+"}${Math.abs(ms)} ms from the machine's`;
  }
}

function same(a, b) {
  return a.lead === b.lead && a.mark === b.mark && Math.abs(a.machine_s - b.machine_s) < 1e-6;
}

function nearest(beats, time) {
  if (!beats?.times.length) return null;
  const next = after(beats.times, time);
  return next > 0 && (next === beats.times.length || time - beats.times[next - 1] < beats.times[next] - time) ? next - 1 : next;
}

function moved({ times, kinds }, edits, names) {
  const rows = Array.from(times, (machine, i) => {
    const edit = edits.find((e) => e.mark === names[kinds[i]] && Math.abs(e.machine_s - machine) < 1e-6);
    return { machine, time: edit ? edit.edited_s : machine, kind: kinds[i] };
  });
  rows.sort((a, b) => a.time - b.time);
  return {
    times: Float64Array.from(rows, (r) => r.time), kinds: Uint8Array.from(rows, (r) => r.kind), machine: Float64Array.from(rows, (r) => r.machine),
  };
}
