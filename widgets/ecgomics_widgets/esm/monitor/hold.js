// A button that acts when it is held, so that a recording does not end by a brush of the thumb.
import { h } from "../dom.js";

const HOLD_MS = 900;

/** `act` runs at once while `holding()` is false, after a hold while it is true. */
export function holdButton({ act, holding, ...attributes }) {
  let timer = null;
  const ring = h("span", { class: "ring", "aria-hidden": "true" });
  const button = h("button", { type: "button", ...attributes }, ring, h("span", { class: "core", "aria-hidden": "true" }));
  const end = () => {
    clearTimeout(timer);
    timer = null;
    button.classList.remove("held");
  };
  const begin = () => {
    if (timer !== null) return;
    if (!holding()) { act("start"); return; }
    button.classList.add("held");
    timer = setTimeout(() => { end(); navigator.vibrate?.([40, 40, 40]); act("stop"); }, HOLD_MS);
  };
  button.addEventListener("pointerdown", (event) => { if (event.button === 0) { button.setPointerCapture?.(event.pointerId); begin(); } });
  for (const name of ["pointerup", "pointercancel", "blur"]) button.addEventListener(name, end);
  button.addEventListener("contextmenu", (event) => event.preventDefault());
  button.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    if (!event.repeat) begin();
  });
  button.addEventListener("keyup", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); end(); } });
  // an assistive technology presses without a pointer or a key: its press is meant
  button.addEventListener("click", (event) => { if (event.detail === 0 && event.pointerType === "") act(holding() ? "stop" : "start"); });
  return button;
}
