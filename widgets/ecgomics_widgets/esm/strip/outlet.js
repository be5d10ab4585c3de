// What leaves the strip: pictures of the screen, drawings at true scale that Python makes, requests for tiles.

import { unpack } from "./codec.js";
import { copy, pictureOf, save } from "./picture.js";
import { rangeText, scaleText } from "./words.js";

export class Outlet {
  constructor(strip) {
    this.strip = strip;
    this.orders = 0;
    this.wants = 0;
    this.sent = new Map();
    this.quiet = new Map();
  }

  async copyPicture() {
    const { strip } = this;
    const { setting, face, page, signal } = strip;
    const synthetic = setting.provenance === "synthetic" ? "synthetic · " : "";
    const parts = [setting.title, face.faces.kind.textContent, rangeText(page, signal), scaleText(page, setting), strip.compare.words()];
    const words = synthetic + parts.filter(Boolean).join(" · ");
    const blob = await pictureOf(face.canvas, { colours: strip.colours, ratio: strip.size.ratio, words });
    strip.say(`picture ${await copy(blob, "ecg.png")}`);
  }

  /** Ask Python for a drawing at true scale of what is shown. */
  order(kind) {
    const { page } = this.strip;
    this.orders += 1;
    this.strip.put({ order: { kind, start_s: page.t0, stop_s: page.t0 + page.shown, layout: this.strip.view.layoutName(), count: this.orders } });
  }

  takeParcel() {
    const message = unpack(this.strip.model.get("parcel"));
    if (!message || message.count !== this.orders) return;
    save(new Blob([message.arrays.bytes], { type: message.type }), message.name);
    this.strip.say(`${message.name} saved`);
  }

  /** Ask for tiles of a recording where those at hand do not reach, once for the same stretch and not too often. */
  ask(signal, from, to) {
    const { page, size, model } = this.strip;
    const want = signal.missing(from, to, 1 / (page.perSecond * size.ratio));
    if (!want) return;
    const key = `${want.t0.toFixed(2)}|${want.t1.toFixed(2)}|${want.width}`;
    if (key === this.sent.get(signal.id) || performance.now() < (this.quiet.get(signal.id) ?? 0)) return;
    this.sent.set(signal.id, key);
    this.quiet.set(signal.id, performance.now() + 40);
    this.wants += 1;
    model.set("want", { id: signal.id, ...want, count: this.wants });
    model.save_changes();
    setTimeout(() => this.strip.draw(), 60); // the view may have moved on meanwhile
  }

  forget() {
    this.sent.clear();
  }
}
