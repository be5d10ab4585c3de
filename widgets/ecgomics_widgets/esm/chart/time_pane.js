// A pane over time: its cursor, drawn window and tip as elements above the canvas, so that moving them paints nothing anew.

import { h } from "../dom.js";
import { clockText } from "./time_axis.js";

export const PANE_STYLE = `
.eg .time-area { flex: 1; min-height: 60px; position: relative; overflow: hidden; cursor: crosshair; touch-action: pan-y; user-select: none; -webkit-user-select: none; }
.eg .time-area:focus-visible { outline-offset: -2px; }
.eg .time-area .now { position: absolute; top: 0; width: 0; border-left: 2px solid var(--eg-accent); pointer-events: none; margin-left: -1px; }
.eg .time-area .now b { position: absolute; left: 7px; top: 1px; font-size: 11.5px; font-weight: 600; color: var(--eg-accent); white-space: nowrap; background: var(--eg-panel); border-radius: 3px; padding: 0 3px; }
.eg .time-area .now.flip b { left: auto; right: 9px; }
.eg .time-area .now::before { content: ""; position: absolute; left: -6px; top: 0; border: 5px solid transparent; border-top: 7px solid var(--eg-accent); border-bottom: 0; }
.eg .time-area .window { position: absolute; pointer-events: none; background: var(--eg-selected); opacity: .16; border-inline: 1px solid var(--eg-selected-ink); }
.eg .time-area .tip { position: absolute; pointer-events: none; display: none; z-index: 3; padding: 4px 8px; border-radius: 6px; font-size: 11.5px; line-height: 1.4; background: var(--eg-ink); color: var(--eg-panel); white-space: pre; }
.eg .said { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.eg .time-area .none { position: absolute; inset: 0; display: grid; place-content: center; background: var(--eg-panel); }
.eg .toggles { display: inline-flex; border: 1px solid var(--eg-line); border-radius: 6px; overflow: hidden; flex: none; }
.eg .toggles button { border: 0; background: none; padding: 4px 9px; font-size: 11.5px; color: var(--eg-muted); }
.eg .toggles button + button { border-left: 1px solid var(--eg-line); }
.eg .toggles button[aria-pressed="true"] { background: var(--eg-ink); color: var(--eg-panel); }
.eg .toggles button:focus-visible { outline-offset: -2px; }
`;

export class TimePane {
  constructor(label) {
    this.flag = h("b", {});
    this.now = h("div", { class: "now", style: { display: "none" } }, this.flag);
    this.window = h("div", { class: "window", style: { display: "none" } });
    this.tip = h("div", { class: "tip" });
    this.empty = h("div", { class: "none", style: { display: "none" } });
    this.area = h("div", { class: "time-area", tabindex: 0, role: "application", "aria-roledescription": label }, this.window, this.now, this.tip, this.empty);
    this.said = h("div", { class: "said", "aria-live": "polite" });
  }

  /** Put cursor and window where they belong. */
  place({ x, left, right, top, bottom }, { cursor, drawn, start, flag = true }) {
    const seen = (time) => time !== null && time !== undefined && x(time) >= left - 1 && x(time) <= right + 1;
    this.now.style.display = seen(cursor) ? "" : "none";
    if (seen(cursor)) {
      const at = x(cursor);
      Object.assign(this.now.style, { left: `${at}px`, height: `${bottom}px` });
      this.flag.textContent = flag ? clockText(cursor, start) : "";
      this.now.classList.toggle("flip", at > right - 70);
    }
    this.window.style.display = drawn ? "" : "none";
    if (!drawn) return;
    const [a, b] = drawn.map((time) => Math.min(right, Math.max(left, x(time))));
    Object.assign(this.window.style, { left: `${a}px`, width: `${Math.max(0, b - a)}px`, top: `${top}px`, height: `${bottom - top}px` });
  }

  /** Say something beside the pointer; null says nothing. */
  hint(words, at) {
    this.tip.style.display = words ? "block" : "none";
    if (!words) return;
    this.tip.textContent = words;
    const room = this.area.clientWidth - this.tip.offsetWidth - 4;
    const beside = at.x + 14 > room ? at.x - this.tip.offsetWidth - 10 : at.x + 14;
    this.tip.style.left = `${Math.max(2, beside)}px`;
    this.tip.style.top = `${Math.max(2, at.y - this.tip.offsetHeight - 10)}px`;
  }
}

/** Buttons of which one is pressed. */
export function toggles(label, entries, pressed, act) {
  const button = ([value, text, title]) => h("button", { type: "button", "aria-pressed": String(value === pressed), title: title ?? null, onclick: () => act(value) }, text);
  return h("span", { class: "toggles", role: "group", "aria-label": label }, entries.map(button));
}
