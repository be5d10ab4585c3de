// The whole recording in one line, and the window of it that is shown: click to go, drag to pan.

import { tracePath } from "./signal.js";

export class Minimap {
  constructor(canvas, go) {
    this.canvas = canvas;
    this.picture = document.createElement("canvas");
    this.key = "";
    const move = (event) => {
      const box = canvas.getBoundingClientRect();
      go((event.clientX - box.left) / box.width);
    };
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      move(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (canvas.hasPointerCapture(event.pointerId)) move(event);
    });
  }

  draw(page, signal, { colours, lead, ratio, cursor, spans, theme, overlay }) {
    const width = this.canvas.clientWidth;
    const height = this.canvas.clientHeight;
    if (!width || !height) return;
    const key = `${signal.id}|${signal.version}|${lead}|${width}|${height}|${ratio}|${theme}|${overlay}|${spans.length}`;
    if (key !== this.key) this.print(signal, { colours, lead, ratio, width, height, spans });
    this.key = key;
    if (this.canvas.width !== this.picture.width || this.canvas.height !== this.picture.height) {
      this.canvas.width = this.picture.width;
      this.canvas.height = this.picture.height;
    }
    const ctx = this.canvas.getContext("2d");
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.drawImage(this.picture, 0, 0);
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    const perSecond = width / signal.duration;
    const x = page.t0 * perSecond;
    const shown = Math.max(3, page.shown * perSecond);
    ctx.fillStyle = colours.window;
    ctx.fillRect(x, 0, shown, height);
    ctx.strokeStyle = colours.accent;
    ctx.lineWidth = 1;
    ctx.strokeRect(x + 0.5, 0.5, Math.max(2, shown - 1), height - 1);
    if (cursor !== null) {
      ctx.fillStyle = colours.accent;
      ctx.fillRect(cursor * perSecond - 0.5, 0, 1, height);
    }
  }

  print(signal, { colours, lead, ratio, width, height, spans }) {
    this.picture.width = Math.round(width * ratio);
    this.picture.height = Math.round(height * ratio);
    const ctx = this.picture.getContext("2d");
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.fillStyle = colours.paper;
    ctx.fillRect(0, 0, width, height);
    this.printTrace(ctx, signal, { colours, lead, ratio, width, height });
    const perSecond = width / signal.duration;
    ctx.globalAlpha = 0.85;
    for (const span of spans) {
      ctx.fillStyle = colours.fills[span.dimension] ?? colours.fills[""];
      ctx.fillRect(span.start * perSecond, height - 4, Math.max(1, (span.stop - span.start) * perSecond), 3);
    }
    ctx.globalAlpha = 1;
  }

  printTrace(ctx, signal, { colours, lead, ratio, width, height }) {
    const tile = signal.whole ?? signal.overview;
    if (!tile) return;
    const row = tile.rows.has(lead) ? lead : signal.leads[0];
    const [low, high] = signal.extent(row, 0, signal.duration, tile) ?? [-1, 1];
    const perMv = (height - 8) / Math.max(0.5, high - low);
    const where = { first: 0, columns: Math.ceil(width * ratio), perSecond: width / signal.duration, perMv, baseline: low, ratio };
    const path = tracePath(tile, row, where);
    if (!path) return;
    ctx.save();
    ctx.translate(0, height - 4);
    ctx.strokeStyle = colours.muted;
    ctx.lineWidth = 1;
    ctx.lineJoin = "bevel";
    ctx.stroke(path);
    ctx.restore();
  }
}
