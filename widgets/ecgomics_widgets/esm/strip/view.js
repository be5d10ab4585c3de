// The stretch that is shown: where it starts, how much of it, and how hands and host move it.

import { automatic, fittingZoom, layOut } from "./page.js";

const ZOOM_MOST = 8;
const QUIET_MS = 120; // the host hears of a moving view this often

export class View {
  constructor(strip) {
    this.strip = strip;
    this.sent = "";
    this.reset();
  }

  reset() {
    Object.assign(this, { t0: 0, zoom: null, scroll: 0 });
  }

  /** What the host says: a stretch to go to, or null for the whole, fitted. */
  take(view) {
    if (this.strip.held || (view && JSON.stringify(view) === this.sent)) return;
    if (view) this.pending = [Number(view[0]), Number(view[1])];
    else this.reset();
    this.strip.draw();
  }

  pan(dx, dy) {
    const { strip } = this;
    if (!strip.page) return false;
    const before = strip.page.t0;
    this.t0 = Math.min(strip.page.last, Math.max(0, before - dx / strip.page.perSecond));
    this.scroll = Math.min(strip.page.overflow, Math.max(0, strip.page.scroll - dy));
    strip.page = this.lay(); // several moves may come before the next frame
    strip.draw();
    return this.t0 !== before || dy !== 0;
  }

  goTo(t0) {
    this.t0 = t0;
    this.settle();
  }

  /** Bring a moment into view, a third of the way along, if it is not in view. */
  bring(time) {
    const { page } = this.strip;
    if (time < page.t0 || time > page.t0 + page.shown) this.goTo(time - page.shown / 3);
  }

  zoomBy(factor, x = null) {
    const { page, signal, setting } = this.strip;
    if (!page) return;
    const at = x ?? page.box.left + page.box.width / 2;
    const column = page.simultaneous ? page.panels.filter((p) => !p.rhythm && p.x0 <= at).pop() : null;
    const inside = at - (column?.x0 ?? page.box.left);
    const time = page.t0 + inside / page.perSecond;
    const least = Math.min(page.fit, page.box.width / (signal.duration * setting.speed * page.unit));
    const middle = (page.scroll + page.box.height / 2) / (page.pitch * page.count);
    this.zoom = Math.min(ZOOM_MOST, Math.max(least, page.zoom * factor));
    const next = this.lay();
    this.t0 = time - inside / next.perSecond;
    this.scroll = middle * next.pitch * next.count - next.box.height / 2;
    this.settle();
  }

  zoomTo(zoom) {
    const { page } = this.strip;
    const middle = page.t0 + page.shown / 2;
    this.zoom = zoom;
    this.t0 = middle - this.lay().shown / 2;
    this.scroll = 0;
    this.settle();
  }

  /** Keep the view inside the recording, draw, and tell the host. */
  settle() {
    const page = this.lay();
    this.strip.page = page;
    this.t0 = page.t0;
    this.scroll = page.scroll;
    this.strip.draw();
    this.tell();
  }

  tell() {
    if (this.later) return;
    this.later = setTimeout(() => {
      const { page, model, held } = this.strip;
      this.later = 0;
      if (held || !page) return;
      const round = (t) => Math.round(t * 1e4) / 1e4;
      const view = [round(page.t0), round(page.t0 + page.shown)];
      if (JSON.stringify(view) === this.sent) return;
      this.sent = JSON.stringify(view);
      model.set("view", view);
      model.save_changes();
      this.strip.describe();
    }, QUIET_MS);
  }

  end() {
    clearTimeout(this.later);
  }

  /** The page laid out for this view. */
  lay() {
    const { size, names, setting, signal } = this.strip;
    const { width, height } = size;
    const room = (names ?? 28) + 10;
    const left = room + (width < 560 ? 16 : 28);
    const band = this.strip.painter.bandHeight();
    const box = { left, names: room, top: 0, width: Math.max(40, width - left), height: Math.max(40, height - 20 - band) };
    const { leads, duration } = signal;
    const full = { ...setting, leads, duration, layout: this.layoutName(), beside: this.strip.compare.beside() };
    if (this.pending) this.takePending(full, box);
    // a second recording has a clock of its own
    return Object.assign(layOut(full, box, this), { start: this.strip.compare.mode === "off" ? setting.start : null });
  }

  layoutName() {
    const { setting, signal, size } = this.strip;
    return setting.layout === "auto" ? automatic(signal.leads, size.width, size.height) : setting.layout;
  }

  takePending(setting, box) {
    const [from, to] = this.pending;
    this.pending = null;
    const unit = layOut(setting, box, { t0: 0, zoom: 1, scroll: 0 });
    const share = unit.simultaneous ? unit.columns : 1;
    const zoom = box.width / share / ((to - from) * unit.perSecond);
    const fit = fittingZoom(setting, box);
    this.zoom = !(zoom > 0) || Math.abs(zoom / fit - 1) < 0.002 ? null : Math.min(zoom, ZOOM_MOST * 4);
    this.t0 = from;
  }
}
