// A row of a day as shades: how many of something in each stretch, or how good the signal was.

const GOOD = 0.8;
const FAIR = 0.5;

/** Highest count of a row, for its shades. */
export function most(values) {
  let top = 0;
  for (const value of values) if (value > top) top = value;
  return top;
}

/** Colour and strength of a value: counts by their square root, so that single beats are seen beside bursts. */
function shade(row, value, top, ink) {
  if (!Number.isFinite(value)) return null;
  if (row.kind === "quality") return value >= GOOD ? [ink.good, 0.3] : value >= FAIR ? [ink.fair, 0.45] : [ink.selected, 1];
  if (value <= 0) return [ink.rest, 0.1];
  return [ink[row.colour] ?? ink.functional, 0.2 + 0.8 * Math.sqrt(value / (top || 1))];
}

/**
 * Draw a row. Where several stretches share a pixel the largest count, or the worst quality, is shown: a burst or a hole
 * of one minute is seen in a day.
 */
export function drawHeat(ctx, row, values, { x, left, right, top, height, ink }) {
  const highest = most(values);
  const { t0, step } = row;
  for (let px = Math.floor(left); px < right; px++) {
    const first = Math.floor((x.back(px) - t0) / step);
    const last = Math.max(first, Math.ceil((x.back(px + 1) - t0) / step) - 1);
    let kept = NaN;
    for (let i = Math.max(0, first); i <= last && i < values.length; i++) {
      const value = values[i];
      if (Number.isNaN(value)) continue;
      if (Number.isNaN(kept) || (row.kind === "quality" ? value < kept : value > kept)) kept = value;
    }
    const look = shade(row, kept, highest, ink);
    if (!look) {
      if (px % 4 < 2 && first < values.length && last >= 0) { ctx.globalAlpha = 0.5; ctx.fillStyle = ink.rest; ctx.fillRect(px, top + height / 2 - 0.5, 1, 1); }
      continue;
    }
    [ctx.fillStyle, ctx.globalAlpha] = look;
    ctx.fillRect(px, top, 1, height);
  }
  ctx.globalAlpha = 1;
}

/** The row's value at a time, in words. */
export function heatText(row, values, time) {
  const value = values[Math.floor((time - row.t0) / row.step)];
  if (value === undefined || Number.isNaN(value)) return `${row.name}: unreadable`;
  return row.kind === "quality" ? `${row.name} ${value.toFixed(2)}` : `${row.name} ${Math.round(value)} in ${row.step >= 60 ? `${+(row.step / 60).toFixed(1)} min` : `${row.step} s`}`;
}
