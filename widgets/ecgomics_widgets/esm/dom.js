// Small builders shared by the table and list widgets. Elements get text nodes only, never markup, so that words from a
// file (a patient's name, a label) cannot become part of the page.

/** Make an element: h("button", {class: "x", onclick: f}, "text", child, …). Attributes that are null or false are left out. */
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") Object.assign(element.style, value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  put(element, children);
  return element;
}

/** Append children: elements as they are, everything else as text; nested lists are flattened, null is skipped. */
export function put(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

const known = (element) => `${element.tagName}|${element.getAttribute("aria-label") || element.textContent}`;

/** Give an element these children instead of its own, as `put` takes them; what had the focus keeps it. */
export function fill(element, ...children) {
  const focused = element.getRootNode().activeElement;
  const name = focused && focused !== element && element.contains(focused) ? known(focused) : null;
  element.replaceChildren();
  put(element, children);
  if (!name) return;
  const again = [...element.querySelectorAll("button, select, input")].find((item) => known(item) === name);
  if (again) again.focus({preventScroll: true});
}

/** Make an SVG element. */
export function svg(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes || {})) if (value !== null && value !== undefined) element.setAttribute(name, value);
  put(element, children);
  return element;
}

/** Call `draw` when any of the traits changes; gives back a function that stops it. Several changes at once draw once. */
export function watch(model, names, draw) {
  let due = false;
  const later = () => {
    if (due) return;
    due = true;
    queueMicrotask(() => { due = false; draw(); });
  };
  for (const name of names) model.on(`change:${name}`, later);
  return () => { for (const name of names) model.off(`change:${name}`, later); };
}

const source = Math.random().toString(36).slice(2);
const recent = new WeakMap();
const REMEMBERED = 24;
const REMEMBERED_MS = 5000;
let serial = 0;

/** Say to Python that something was done: a new value of the trait `event`.
 *
 * A host may hand over just the last of several values set in quick succession, so each carries those shortly before it;
 * `ecgomics_widgets.inbox` takes every one once. Of shapes being drawn the last is enough. */
export function emit(model, type, detail = {}) {
  serial += 1;
  const event = {type, ...detail, source, serial, at: Date.now()};
  const before = (recent.get(model) || []).filter((old) => event.at - old.at < REMEMBERED_MS && !(type === "lasso" && old.type === type));
  recent.set(model, [...before.slice(1 - REMEMBERED), event]);
  model.set("event", {...event, before: before.slice(1 - REMEMBERED)});
  model.save_changes();
}

const copied = (bytes) => bytes ? bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) : new ArrayBuffer(0);
export const int32 = (bytes) => new Int32Array(copied(bytes));
export const float32 = (bytes) => new Float32Array(copied(bytes));
export const uint8 = (bytes) => new Uint8Array(copied(bytes));

/** Value of a custom property on an element, or a fallback outside of a themed page. */
export function token(element, name, fallback) {
  return getComputedStyle(element).getPropertyValue(`--eg-${name}`).trim() || fallback;
}

/** A number with so many decimals, a true minus sign, and a dash for what is missing. */
export function number(value, decimals = 0) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  return value.toFixed(decimals).replace("-", "−");
}

/** A count with thin spaces between its thousands, as everywhere on the pages. */
export const grouped = (count) => number(count).replace(/\B(?=(\d{3})+$)/g, "\u202f");

export const DIMENSIONS = ["Structural", "Intensity", "Functional", "Comparative"];
const FALLBACK = {Structural: "#0072b2", Intensity: "#d55e00", Functional: "#009e73", Comparative: "#b05a93"};
export const hue = (dimension) => dimension ? `var(--eg-${dimension.toLowerCase()}, ${FALLBACK[dimension] || "#98a2b3"})` : "var(--eg-rest, #98a2b3)";

/** Type, buttons, chips and pane heads as every widget has them. */
export const BASE = `
.eg { font: 13px/1.35 var(--eg-font, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, system-ui, sans-serif); color: var(--eg-ink, #161a22); font-variant-numeric: tabular-nums;
  box-sizing: border-box; height: 100%; min-height: 0; background: var(--eg-panel, #fff); -webkit-font-smoothing: antialiased; }
.eg *, .eg *::before { box-sizing: border-box; }
.eg .head { display: flex; align-items: center; gap: 8px; min-height: 40px; padding: 4px 12px; flex: none; white-space: nowrap;
  border-bottom: 1px solid var(--eg-line, #e3e6eb); }
.eg .head h2 { font-size: 13px; font-weight: 600; margin: 0; }
.eg .quiet { color: var(--eg-muted, #667085); font-size: 11.5px; font-weight: 400; }
.eg .push { margin-left: auto; }
.eg .cut { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; min-width: 0; }
.eg button, .eg select, .eg input { font: inherit; color: inherit; }
.eg button { cursor: pointer; }
.eg .plain { background: none; border: 0; padding: 4px 6px; margin: 0; border-radius: 6px; color: var(--eg-muted, #667085); font-size: 11.5px; }
.eg .plain:hover { background: var(--eg-raised, #eef0f4); color: var(--eg-ink, #161a22); }
.eg .plain[disabled] { opacity: .45; cursor: default; background: none; }
.eg .chip { display: inline-flex; align-items: center; gap: 4px; border: 0; border-radius: 6px; padding: 2px 7px; font-size: 11.5px;
  background: var(--eg-raised, #eef0f4); color: var(--eg-ink, #161a22); max-width: 100%; }
.eg .chip.group { background: var(--eg-selected-soft, #fff4dc); color: var(--eg-selected-ink, #7a5200); }
.eg button.chip:hover { filter: brightness(.96); }
.eg :focus-visible { outline: 2px solid var(--eg-link, #0067a3); outline-offset: 1px; }
.eg .none { color: var(--eg-muted, #667085); padding: 16px; text-align: center; line-height: 1.5; white-space: pre-line; }
.eg select { background: transparent; border: 1px solid transparent; border-radius: 6px; padding: 3px 4px; color: var(--eg-muted, #667085);
  font-size: 11.5px; max-width: 100%; cursor: pointer; field-sizing: content; }
.eg select:hover { background: var(--eg-raised, #eef0f4); }
.eg select option, .eg select optgroup { background: var(--eg-panel, #fff); color: var(--eg-ink, #161a22); }
@media (prefers-reduced-motion: no-preference) { .eg button, .eg .row { transition: background-color .12s, opacity .12s; } }
`;
