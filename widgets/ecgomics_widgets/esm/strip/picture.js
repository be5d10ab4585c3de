// The strip as a picture: what is on the screen with a line that says what it is and at what scale.

import { FONT } from "./ink.js";

const FOOT = 22;

/** PNG of the plot, with its statement under it. */
export function pictureOf(canvas, { colours, ratio, words }) {
  const whole = document.createElement("canvas");
  whole.width = canvas.width;
  whole.height = canvas.height + Math.round(FOOT * ratio);
  const ctx = whole.getContext("2d");
  ctx.fillStyle = colours.panel;
  ctx.fillRect(0, 0, whole.width, whole.height);
  ctx.drawImage(canvas, 0, 0);
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.fillStyle = colours.ink;
  ctx.font = `12px ${FONT}`;
  ctx.textBaseline = "middle";
  ctx.fillText(words, 8, canvas.height / ratio + FOOT / 2);
  return new Promise((done) => whole.toBlob(done, "image/png"));
}

/** Put a picture on the clipboard; where a page may not, save it as a file. Says which it was. */
export async function copy(blob, name) {
  try {
    await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
    return "copied";
  } catch {
    save(blob, name);
    return "saved";
  }
}

export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
