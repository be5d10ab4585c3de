// Drawing a stretch of a stream: lowest and highest value a pixel column, gaps hatched, never a line across them.

const HATCH = 8;

export function hatching(ctx, colour, ratio) {
  const size = Math.round(HATCH * ratio);
  const tile = document.createElement("canvas");
  tile.width = tile.height = size;
  const pen = tile.getContext("2d");
  pen.strokeStyle = colour;
  pen.lineWidth = ratio;
  for (const shift of [-size, 0, size]) { pen.moveTo(shift, size); pen.lineTo(shift + size, 0); }
  pen.stroke();
  const pattern = ctx.createPattern(tile, "repeat");
  pattern.setTransform(new DOMMatrix().scale(1 / ratio));
  return pattern;
}

/**
 * Draw samples [from, to) of one lead. `x(number)` and `y(mv)` place them; `band` is the row's top and bottom. Long gaps
 * (over `least` samples) are hatched.
 */
export function trace(ctx, ring, l, { from, to, x, y, band, ink, hatch, ratio, least }) {
  const path = new Path2D();
  let pen = false;
  let gap = -1;
  const dense = (x(1) - x(0)) * ratio < 0.7;
  const close = (end) => {
    if (gap >= 0 && end - gap > least) {
      ctx.fillStyle = hatch;
      ctx.fillRect(x(gap), band.top, x(end) - x(gap), band.bottom - band.top);
    }
    gap = -1;
  };
  let column = null;
  const flush = () => {
    if (!column) return;
    const at = column.x / ratio;
    const first = column.down ? [column.high, column.low] : [column.low, column.high];
    if (pen) path.lineTo(at, y(first[0]));
    else path.moveTo(at, y(first[0]));
    path.lineTo(at, y(first[1]) + (pen ? 0 : 0.01));
    pen = true;
    column = null;
  };
  for (let i = from; i < to; i++) {
    const value = ring.at(l, i);
    if (!Number.isFinite(value)) {
      flush();
      pen = false;
      if (gap < 0) gap = i;
      continue;
    }
    close(i);
    if (!dense) {
      if (pen) path.lineTo(x(i), y(value));
      else { path.moveTo(x(i), y(value)); path.lineTo(x(i) + 0.01, y(value)); }
      pen = true;
      continue;
    }
    const px = Math.floor(x(i) * ratio);
    if (column && column.x !== px) flush();
    if (!column) column = { x: px, low: value, high: value, down: false };
    else if (value < column.low) { column.low = value; column.down = true; }
    else if (value > column.high) { column.high = value; column.down = false; }
  }
  flush();
  close(to);
  ctx.strokeStyle = ink;
  ctx.lineWidth = 1.4;
  ctx.lineJoin = "round";
  ctx.stroke(path);
}

/** Millimetre paper that stands still. */
export function paper(ctx, { width, height, unit, colours, ratio, rows }) {
  ctx.fillStyle = colours.paper;
  ctx.fillRect(0, 0, width, height);
  for (const [step, colour] of [[unit, colours.minor], [5 * unit, colours.major]]) {
    if (step < 2.8) continue;
    ctx.strokeStyle = colour;
    ctx.lineWidth = 1 / ratio;
    ctx.beginPath();
    const crisp = (v) => (Math.floor(v * ratio) + 0.5) / ratio;
    for (let x = 0; x <= width; x += step) { ctx.moveTo(crisp(x), 0); ctx.lineTo(crisp(x), height); }
    const zero = rows[0]?.zero ?? 0;
    for (let k = Math.ceil(-zero / step); zero + k * step <= height; k++) { ctx.moveTo(0, crisp(zero + k * step)); ctx.lineTo(width, crisp(zero + k * step)); }
    ctx.stroke();
  }
}
