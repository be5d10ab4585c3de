// The look of a chart that stands alone: the page's colours where a page has any, else our own, light or dark.

import { isDark } from "./darkness.js";

const SHARED = {
  selected: "#e69f00", structural: "#0072b2", intensity: "#d55e00", functional: "#009e73", comparative: "#b05a93",
};
const LIGHT = {
  ...SHARED, ink: "#161a22", muted: "#5d6678", faint: "#98a2b3", line: "#e3e6eb", ground: "#f4f5f7", panel: "#ffffff", raised: "#eef0f4",
  accent: "#b4233a", "accent-soft": "#fdf1f2", "selected-soft": "#fff4dc", "selected-ink": "#7a5200", rest: "#98a2b3",
  good: "#12804a", fair: "#d99a00", poor: "#b4233a", link: "#0067a3", "grid-minor": "#fbe6e6", "grid-major": "#f3c9c9",
};
const DARK = {
  ...SHARED, structural: "#3fa2dd", intensity: "#f08a3c", functional: "#25c495", comparative: "#d583b8",
  ink: "#e8ecf1", muted: "#98a3b3", faint: "#6b7686", line: "#2a313b", ground: "#0f1318", panel: "#161b22", raised: "#222a34",
  accent: "#ff7a8a", "accent-soft": "#2b1a20", "selected-soft": "#33270d", "selected-ink": "#ffc94d", rest: "#6b7686",
  good: "#3fbf7f", fair: "#e0b040", poor: "#ff7a8a", link: "#5fb4e8", "grid-minor": "#211718", "grid-major": "#3a2226",
};
const NAMES = Object.keys(LIGHT);

/** Give a root its colours: `theme` light or dark states them; auto takes the page's, or follows JupyterLab or the system. */
export function dress(root, theme) {
  for (const name of NAMES) root.style.removeProperty(`--eg-${name}`);
  const page = getComputedStyle(root).getPropertyValue("--eg-ink").trim();
  if (theme === "auto" && page) return;
  const dark = isDark(theme);
  for (const [name, value] of Object.entries(dark ? DARK : LIGHT)) root.style.setProperty(`--eg-${name}`, value);
  root.style.colorScheme = dark ? "dark" : "light";
}

/** Read the colours a root has, for a canvas, which knows no custom properties. */
export function inks(root) {
  const style = getComputedStyle(root);
  return Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--eg-${name}`).trim() || LIGHT[name]]));
}

/** Keep a root dressed; `changed` runs after each change of colours. Gives back a function that stops it. */
export function follow(model, root, changed) {
  const again = () => { dress(root, model.get("theme") ?? "auto"); changed(); };
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const lab = new MutationObserver(again);
  model.on("change:theme", again);
  system.addEventListener("change", again);
  lab.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  dress(root, model.get("theme") ?? "auto");
  const attached = requestAnimationFrame(again); // a host may put the element on its page only after rendering
  return () => {
    cancelAnimationFrame(attached);
    model.off("change:theme", again);
    system.removeEventListener("change", again);
    lab.disconnect();
  };
}
