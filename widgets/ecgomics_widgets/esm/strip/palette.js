// Colours of the paper and of what is drawn on it. Text shades hold 4.5:1 against the paper; fills do not need to.

import { isDark } from "../chart/darkness.js";

const LIGHT = {
  paper: "#fffafa", minor: "#fbe6e6", major: "#f3c9c9", trace: "#161a22", ink: "#161a22", muted: "#5d6678",
  line: "#e3e6eb", ground: "#f4f5f7", panel: "#ffffff", accent: "#b4233a", pulse: "#5d6678", window: "rgba(180,35,58,.10)",
  waves: { p: "#3d5aa8", qrs: "#3b4252", t: "#2f7d5b" },
  fills: { Structural: "#0072b2", Intensity: "#d55e00", Functional: "#009e73", Comparative: "#b05a93", "": "#667085" },
  texts: { Structural: "#005f96", Intensity: "#a84600", Functional: "#006b4e", Comparative: "#8a3a70", "": "#475063" },
  other: "#0072b2", ghost: "#b79aa0", bad: "rgba(152,104,0,.34)", badTint: "rgba(217,154,0,.09)", note: "#7a5cc7", noteGround: "#efeaff", noteInk: "#4b2fa0",
  given: "#c98500", givenInk: "#7a5200", reference: "#0072b2", referenceInk: "#005f96", good: "#0b6e3d", tint: 0.13,
};

const DARK = {
  paper: "#14110f", minor: "#241719", major: "#3a2226", trace: "#f1f3f5", ink: "#e8ecf1", muted: "#9aa4b2",
  line: "#2a313b", ground: "#0f1318", panel: "#161b22", accent: "#ff6b81", pulse: "#9aa4b2", window: "rgba(255,107,129,.16)",
  waves: { p: "#93a9f0", qrs: "#c3cad6", t: "#6fcfa4" },
  fills: { Structural: "#3fa2dd", Intensity: "#f08a3c", Functional: "#25c495", Comparative: "#d583b8", "": "#9aa4b2" },
  texts: { Structural: "#6cbcf0", Intensity: "#ffa265", Functional: "#4fd9ac", Comparative: "#e79ccb", "": "#b6bfcc" },
  other: "#4fb3f0", ghost: "#6d5a5e", bad: "rgba(240,190,70,.4)", badTint: "rgba(224,176,64,.1)", note: "#a890f0", noteGround: "#2a2342", noteInk: "#d6caff",
  given: "#e0a030", givenInk: "#ffc94d", reference: "#3fa2dd", referenceInk: "#6cbcf0", good: "#4fd9ac", tint: 0.22,
};

export const BEATS = {
  normal: { letter: "N", fill: "" },
  ventricular: { letter: "V", fill: "Functional" },
  supraventricular: { letter: "S", fill: "Structural" },
  paced: { letter: "P", fill: "Comparative" },
  unclassifiable: { letter: "Q", fill: "Intensity" },
};

/** The palette of a theme; "auto" asks JupyterLab, then the page, then the system. */
export function paletteOf(theme) {
  return isDark(theme) ? DARK : LIGHT;
}
