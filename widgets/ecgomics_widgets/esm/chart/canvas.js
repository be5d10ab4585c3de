// A canvas that fills its area, sharp on every screen, painted once a frame however often it is asked to.

export const FONT = '"Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, system-ui, sans-serif';

export class Canvas {
  /** `paint(ctx, {width, height})` draws in CSS pixels. */
  constructor(area, paint) {
    this.area = area;
    this.paint = paint;
    this.element = document.createElement("canvas");
    this.element.setAttribute("aria-hidden", "true");
    Object.assign(this.element.style, { position: "absolute", inset: "0", width: "100%", height: "100%", display: "block" });
    area.prepend(this.element);
    this.frame = 0;
    this.observer = new ResizeObserver(() => this.later());
    this.observer.observe(area);
  }

  later() {
    if (!this.frame) this.frame = requestAnimationFrame(() => { this.frame = 0; this.now(); });
  }

  now() {
    const width = this.area.clientWidth;
    const height = this.area.clientHeight;
    if (!width || !height) return;
    const ratio = window.devicePixelRatio || 1;
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.element.width !== w || this.element.height !== h) Object.assign(this.element, { width: w, height: h });
    const ctx = this.element.getContext("2d");
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, width, height);
    this.paint(ctx, { width, height, ratio });
  }

  /** Where an event happened, in CSS pixels of the area. */
  at(event) {
    const box = this.area.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  end() {
    cancelAnimationFrame(this.frame);
    this.observer.disconnect();
  }
}
