// Notes people write at a moment or a stretch: rows {start_s, stop_s (or null), lead ("" for all), text, who, when}.

import { FONT, halo, namePlace } from "./ink.js";
import { xOf } from "./page.js";

const FLAG = 15;
const LONGEST = 28; // letters on the paper; all of it on hover
const REACH = 6;

export class Notes {
  /** `change(act)` does something that can be undone. */
  constructor(strip, change) {
    this.strip = strip;
    this.change = change;
    this.items = [];
    this.boxes = [];
    const { note } = strip.face.forms;
    note.addEventListener("submit", (event) => { event.preventDefault(); this.save(); });
    note.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.leave();
      event.stopPropagation();
    });
    note.querySelector("[data-note=remove]").addEventListener("click", () => this.remove());
  }

  take(list) {
    this.items = list ?? [];
  }

  /** Write a note: on the chosen caliper's stretch, else at the cursor, else in the middle of what is shown. */
  write() {
    const { strip } = this;
    const caliper = strip.handwork.measuring ? strip.handwork.calipers.chosen : null;
    const middle = strip.page.t0 + strip.page.shown / 2;
    const place = caliper ? { start_s: Math.min(caliper.start_s, caliper.stop_s), stop_s: Math.max(caliper.start_s, caliper.stop_s), lead: caliper.lead } : { start_s: strip.cursor() ?? middle, stop_s: null, lead: "" };
    this.open({ ...place, start_s: Math.round(place.start_s * 1e4) / 1e4, text: "" }, -1);
  }

  open(item, index) {
    const { form, input, place, remove } = this.parts();
    this.draft = { item, index };
    form.hidden = false;
    input.value = item.text;
    const to = item.stop_s === null || item.stop_s === undefined ? "" : `–${item.stop_s.toFixed(2)}`;
    place.textContent = `${item.start_s.toFixed(2)}${to} s${item.lead ? `, ${item.lead}` : ""}${item.who ? ` · ${item.who}` : ""}`;
    remove.hidden = index < 0;
    input.focus();
  }

  parts() {
    const { note } = this.strip.face.forms;
    return { form: note, input: note.querySelector("textarea, input"), place: note.querySelector("[data-note=place]"), remove: note.querySelector("[data-note=remove]") };
  }

  leave() {
    const { form } = this.parts();
    if (form.hidden) return;
    form.hidden = true;
    this.draft = null;
    this.strip.face.root.focus({ preventScroll: true });
  }

  save() {
    const { item, index } = this.draft;
    const text = this.parts().input.value.trim();
    if (!text && index < 0) return this.leave();
    if (!text) return this.remove();
    const row = { start_s: item.start_s, stop_s: item.stop_s ?? null, lead: item.lead ?? "", text, who: this.strip.model.get("who") ?? "", when: new Date().toISOString() };
    this.change(() => { this.items = inOrder(index < 0 ? [...this.items, row] : this.items.map((old, i) => (i === index ? row : old))); });
    this.strip.say(`note kept: ${text}`);
    return this.leave();
  }

  remove() {
    const { index } = this.draft;
    if (index >= 0) this.change(() => { this.items = this.items.filter((_, i) => i !== index); });
    this.leave();
  }

  /** Open the note under a point; false when there is none. */
  press(at) {
    const box = this.under(at);
    if (!box) return false;
    this.open(this.items[box.index], box.index);
    return true;
  }

  under(at) {
    return at ? this.boxes.find((b) => at.x >= b.x - REACH && at.x <= b.x + b.width && at.y >= b.y && at.y <= b.y + FLAG) : undefined;
  }

  text(at) {
    const box = this.under(at);
    if (!box) return "";
    const { text, who } = this.items[box.index];
    return `note: ${text}${who ? ` · ${who}` : ""}`;
  }

  draw(ctx, page, colours) {
    this.boxes = [];
    ctx.font = `600 11px ${FONT}`;
    ctx.textBaseline = "top";
    ctx.textAlign = "left";
    const ends = []; // of the flags in each lane
    const names = page.panels.map((panel) => namePlace(page, panel)).filter((place) => place.width);
    this.items.forEach((item, index) => {
      const panel = placeOf(page, item);
      if (!panel) return;
      const [x0, x1] = [Math.max(panel.x0, xOf(page, panel, item.start_s)), Math.min(panel.x1, xOf(page, panel, item.stop_s ?? item.start_s))];
      const words = item.text.length > LONGEST ? `${item.text.slice(0, LONGEST - 1)}…` : item.text;
      const width = ctx.measureText(words).width + 12;
      const x = Math.max(page.box.left, Math.min(x0, page.box.left + page.box.width - width));
      const level = (lane) => page.box.top + 2 + lane * (FLAG + 1);
      const covers = (lane) => names.some((name) => name.x < x + width && x < name.x + name.width && name.y < level(lane) + FLAG && level(lane) < name.y + FLAG);
      let lane = 0;
      while ((ends[lane] ?? -Infinity) > x - 4 || covers(lane)) lane += 1;
      ends[lane] = x + width;
      const y = level(lane);
      const floor = Math.min(panel.bottom, page.box.top + page.box.height) - 2;
      ctx.fillStyle = colours.note;
      ctx.fillRect(x0 - 0.6, y, 1.25, Math.max(0, floor - y));
      if (item.stop_s !== null && item.stop_s !== undefined) {
        ctx.fillRect(x1 - 0.6, y + FLAG - 3, 1.25, Math.max(0, floor - y - FLAG + 3));
        ctx.fillRect(x0, y + FLAG - 3, Math.max(1, x1 - x0), 2);
      }
      ctx.globalAlpha = 0.92;
      ctx.fillStyle = colours.noteGround;
      ctx.fillRect(x, y, width, FLAG);
      ctx.globalAlpha = 1;
      halo(ctx, words, x + 6, y + 1.5, colours.noteInk, colours.noteGround);
      this.boxes.push({ x, y, width, index });
    });
  }
}

function placeOf(page, item) {
  const stop = item.stop_s ?? item.start_s;
  const shown = page.panels.filter((panel) => item.start_s < panel.stop && stop >= panel.start && panel.bottom > page.box.top && panel.top < page.box.top + page.box.height);
  return shown.find((panel) => panel.lead === item.lead) ?? shown.find((panel) => panel.rhythm) ?? (item.lead ? undefined : shown[0]) ?? shown[0];
}

function inOrder(items) {
  return [...items].sort((a, b) => a.start_s - b.start_s);
}
