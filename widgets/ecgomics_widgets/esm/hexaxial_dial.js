// A hexaxial dial: the frontal axis set by dragging or by arrow keys; once marked, the reader's hand beside the reference.
import {h, svg} from "./dom.js";

const LEADS = [["I", 0], ["II", 60], ["aVF", 90], ["III", 120], ["aVR", -150], ["aVL", -30]];
const RIM = 46, STEP = 5, STRIDE = 30;
const KEYS = {ArrowRight: STEP, ArrowUp: STEP, ArrowLeft: -STEP, ArrowDown: -STEP, PageUp: STRIDE, PageDown: -STRIDE};

export const DIAL = `
.eg .dial { display: block; width: 136px; height: 136px; touch-action: none; user-select: none; -webkit-user-select: none; cursor: grab; border-radius: 68px; } .eg .dial.told { cursor: default; }
.eg .dial .rim { fill: none; stroke: var(--eg-faint); } .eg .dial .spoke { stroke: var(--eg-faint); stroke-opacity: .45; } .eg .dial text { font-size: 8.5px; fill: var(--eg-muted); text-anchor: middle; dominant-baseline: central; }
.eg .dial .hand { stroke: var(--eg-ink); stroke-width: 2.2; stroke-linecap: round; } .eg .dial .grip { fill: var(--eg-panel); stroke: var(--eg-ink); stroke-width: 1.6; }
.eg .dial .near { stroke: var(--eg-link); stroke-width: 2.2; stroke-dasharray: 4 3; }
`;

const at = (degrees, radius) => [radius * Math.cos(degrees * Math.PI / 180), radius * Math.sin(degrees * Math.PI / 180)];
/** Degrees from −179 to 180, as an axis is stated. */
export const turned = (degrees) => { const round = ((degrees % 360) + 360) % 360; return round > 180 ? round - 360 : round; };

function line(kind, degrees, from, to) {
  const [x1, y1] = at(degrees, from), [x2, y2] = at(degrees, to);
  return svg("line", {class: kind, x1, y1, x2, y2});
}

function face() {
  return [svg("circle", {class: "rim", r: RIM}), LEADS.flatMap(([name, degrees]) => {
    const [x, y] = at(degrees, RIM + 11);
    return [line("spoke", degrees, -RIM, RIM), svg("text", {x, y}, name)];
  })];
}

/** The dial to be set: `move` hears where the hand is while it is dragged, `set` where it was left. */
export function dial({title, value, move, set}) {
  let degrees = Number.isFinite(value) ? value : null;
  const hands = svg("g", {});
  const root = svg("svg", {class: "dial", viewBox: "-66 -66 132 132", role: "slider", tabindex: 0, "aria-label": title, "aria-valuemin": -180, "aria-valuemax": 180}, face(), hands);
  function show() {
    hands.replaceChildren();
    root.setAttribute("aria-valuenow", degrees ?? 0);
    root.setAttribute("aria-valuetext", degrees === null ? "–" : `${degrees}°`.replace("-", "−"));
    if (degrees === null) return;
    const [cx, cy] = at(degrees, RIM);
    hands.append(line("hand", degrees, 0, RIM), svg("circle", {class: "grip", cx, cy, r: 5}));
  }
  function point(event) {
    const box = root.getBoundingClientRect();
    const angle = Math.atan2(event.clientY - box.top - box.height / 2, event.clientX - box.left - box.width / 2) * 180 / Math.PI;
    degrees = turned(STEP * Math.round(angle / STEP));
    show();
    move(degrees);
  }
  root.addEventListener("pointerdown", (event) => { event.preventDefault(); root.focus(); root.setPointerCapture(event.pointerId); point(event); });
  root.addEventListener("pointermove", (event) => { if (root.hasPointerCapture(event.pointerId)) point(event); });
  root.addEventListener("pointerup", () => set(degrees));
  root.addEventListener("keydown", (event) => {
    const step = KEYS[event.key];
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    degrees = turned((degrees ?? 0) + step);
    show();
    move(degrees);
    set(degrees);
  });
  show();
  return h("div", {class: "turning"}, root);
}

/** The dial once marked: a full hand for what was read, a dashed one for the reference. */
export function toldDial({title, given, reference}) {
  const hands = [Number.isFinite(reference) ? line("near", reference, 0, RIM) : null, Number.isFinite(given) ? line("hand", given, 0, RIM) : null];
  return svg("svg", {class: "dial told", viewBox: "-66 -66 132 132", role: "img", "aria-label": title}, face(), hands);
}
