// One strip a stream, made once and moved between layouts: its own small model, fed from the page's.
import { h } from "../dom.js";
import { LiveStrip } from "../live/strip.js";

const START = { keep_s: 300, speed: 25, mode: "sweep", calibration: 1, toolbar: "hidden", theme: "auto", paused: false, beats: [], spans: [], gain: 10, lead: "" };

class Model {
  constructor(values, act) {
    this.values = { ...values };
    this.act = act;
    this.ears = new Map();
  }

  get(name) { return this.values[name]; }

  set(name, value) {
    this.values[name] = value;
    (this.changed ??= {})[name] = value;
  }

  save_changes() {
    const changed = this.changed ?? {};
    this.changed = null;
    this.act(changed);
    this.fire(Object.keys(changed));
  }

  on(name, ear) { this.ears.set(name, [...(this.ears.get(name) ?? []), ear]); }

  off(name, ear) { this.ears.set(name, (this.ears.get(name) ?? []).filter((one) => one !== ear)); }

  fire(names) { for (const name of names) for (const ear of this.ears.get(`change:${name}`) ?? []) ear(); }

  update(news) {
    const names = Object.keys(news).filter((name) => this.values[name] !== news[name] && !(typeof news[name] === "object" && JSON.stringify(this.values[name]) === JSON.stringify(news[name])));
    for (const name of names) this.values[name] = news[name];
    this.fire(names);
  }
}

/** The strip of a stream: `el` to be put somewhere, `tell` for its facts, `take` for its samples. */
export class Feed {
  constructor(key, act) {
    this.key = key;
    this.el = h("div", { class: "feed" });
    this.model = new Model(START, (changed) => {
      if (changed.event?.type === "mark") act("mark", { key, time_s: changed.event.time_s });
      else if ("gain" in changed || "lead" in changed) act("tune", { key, gain: this.model.get("gain"), lead: this.model.get("lead") });
    });
    this.strip = new LiveStrip(this.model, this.el);
  }

  take(bytes) {
    this.model.values.block = bytes;
    this.model.fire(["block"]);
  }

  /** Samples of a strap that this browser holds: drawn as they come, whether or not a server listens. */
  push(first, values, { rate, lead }) {
    this.strip.push({ id: this.key, leads: [lead], rate, first, count: values.length, scale: [0.001], offset: [0], arrays: { values } });
  }

  /** Number of the sample the pen has come to, s since the stream began. */
  nowS() { return this.strip.ring.rate ? this.strip.pen / this.strip.ring.rate : null; }

  tell({ gain, lead, beats, spans, start, name, gap_text, provenance, theme }) {
    this.model.update({ gain, lead, beats, spans, start, title: name, gap_text, provenance, theme });
  }

  gain(by) { this.strip.gain(by); }

  pause() { this.strip.pause(!this.strip.paused()); }

  end() {
    this.strip.end();
    this.el.remove();
  }
}
