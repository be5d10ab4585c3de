// Hands on a time axis: click goes there, a drag draws a window, the wheel and two fingers zoom, keys do all of it.

const MOVED = 4;
const CLOSER = 1.3;

export class TimeHands {
  /**
   * `area` hears. `host` says: `axis()` → {x (time → px, with back), left, right}, `limits()` → [first, last],
   * `least` (shortest stretch to zoom to, s); and is told: `go(time)`, `drawn(from, to, done)`, `zoomed(from, to)`,
   * `hover(at | null)`, `step(by, far)` → time, `escape()`.
   */
  constructor(area, host) {
    this.area = area;
    this.host = host;
    this.fingers = new Map();
    this.drag = null;
    const on = (name, act, options) => area.addEventListener(name, act, options);
    on("pointerdown", (event) => this.down(event));
    on("pointermove", (event) => this.move(event));
    on("pointerup", (event) => this.up(event));
    on("pointercancel", (event) => { this.fingers.delete(event.pointerId); this.drag = null; });
    on("pointerleave", () => { if (!this.drag) host.hover(null); });
    on("wheel", (event) => this.wheel(event), { passive: false });
    on("keydown", (event) => this.key(event));
  }

  at(event) {
    const box = this.area.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  time(x) {
    const { x: map, left, right } = this.host.axis();
    const [first, last] = this.host.limits();
    return Math.min(last, Math.max(first, map.back(Math.min(right, Math.max(left, x)))));
  }

  down(event) {
    if (event.button !== 0) return;
    const at = this.at(event);
    this.area.setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, at);
    if (this.fingers.size === 2) {
      const [a, b] = [...this.fingers.values()];
      this.pinch = { apart: Math.max(20, Math.abs(a.x - b.x)), view: this.view(), middle: this.time((a.x + b.x) / 2) };
      this.drag = null;
    } else this.drag = { from: at, moved: false, pan: event.shiftKey ? this.view() : null };
  }

  move(event) {
    const at = this.at(event);
    if (this.fingers.has(event.pointerId)) this.fingers.set(event.pointerId, at);
    if (this.fingers.size === 2) return this.spread();
    if (!this.drag) return this.host.hover(at);
    if (!this.drag.moved && Math.abs(at.x - this.drag.from.x) < MOVED) return undefined;
    this.drag.moved = true;
    if (this.drag.pan) return this.shift(this.drag.pan, this.drag.from.x - at.x);
    return this.host.drawn(...this.ends(at), false);
  }

  up(event) {
    const { drag } = this;
    this.fingers.delete(event.pointerId);
    this.drag = null;
    if (!drag) return;
    const at = this.at(event);
    if (!drag.moved) this.host.go(this.time(at.x));
    else if (!drag.pan) this.host.drawn(...this.ends(at, drag), true);
  }

  ends(at, drag = this.drag) {
    const [a, b] = [this.time(drag.from.x), this.time(at.x)];
    return a < b ? [a, b] : [b, a];
  }

  spread() {
    const [a, b] = [...this.fingers.values()];
    const { apart, view, middle } = this.pinch;
    this.zoomTo(view, Math.max(20, Math.abs(a.x - b.x)) / apart, middle);
  }

  wheel(event) {
    event.preventDefault();
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) this.shift(this.view(), event.deltaX);
    else this.zoomTo(this.view(), Math.exp(-event.deltaY * 0.0018), this.time(this.at(event).x));
  }

  view() {
    const { x, left, right } = this.host.axis();
    return [x.back(left), x.back(right)];
  }

  shift([from, to], px) {
    const { left, right } = this.host.axis();
    this.settle(from + (px / (right - left)) * (to - from), to - from);
  }

  zoomTo([from, to], factor, about) {
    const [first, last] = this.host.limits();
    const span = Math.min(last - first, Math.max(Math.min(this.host.least, last - first), (to - from) / factor));
    this.settle(about - ((about - from) / (to - from)) * span, span);
  }

  settle(from, span) {
    const [first, last] = this.host.limits();
    const start = Math.max(first, Math.min(last - span, from));
    this.host.zoomed(start, start + span);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const [first, last] = this.host.limits();
    const about = this.host.cursor() ?? (this.view()[0] + this.view()[1]) / 2;
    const acts = {
      ArrowRight: () => this.host.step(1, event.shiftKey), ArrowLeft: () => this.host.step(-1, event.shiftKey),
      Home: () => this.host.go(first), End: () => this.host.go(last),
      "+": () => this.zoomTo(this.view(), CLOSER, about), "=": () => this.zoomTo(this.view(), CLOSER, about),
      "-": () => this.zoomTo(this.view(), 1 / CLOSER, about), 0: () => this.host.zoomed(first, last),
      Escape: () => this.host.escape(), ...this.host.keys,
    };
    if (!acts[event.key]) return;
    acts[event.key]();
    event.preventDefault();
    event.stopPropagation();
  }
}
