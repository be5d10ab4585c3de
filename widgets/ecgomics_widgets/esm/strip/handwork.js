// What is made by hand on the strip: calipers, moved marks and notes, with one history for all of it.

import { Calipers } from "./caliper.js";
import { Editing } from "./editing.js";
import { History } from "./history.js";
import { Notes } from "./notes.js";
import { after } from "./order.js";

export class Handwork {
  constructor(strip) {
    this.strip = strip;
    this.calipers = new Calipers();
    this.editing = new Editing();
    this.notes = new Notes(strip, (change) => this.change(change));
    this.history = new History();
    this.measuring = false;
    this.moving = false;
  }

  /** Calipers, edits and notes, whoever made them. */
  take() {
    const { model, overlay } = this.strip;
    this.calipers.take(model.get("calipers"));
    this.calipers.labels = model.get("caliper_labels") ?? [];
    if (!this.editing.grip) this.editing.take(model.get("edits"));
    this.notes.take(model.get("notes"));
    if (overlay) this.editing.lay(overlay);
    this.strip.draw();
  }

  forget() {
    this.history.clear();
    this.notes.leave();
  }

  measure(on) {
    if (on && this.moving) this.move(false);
    this.measuring = on;
    this.strip.setting.measuring = on;
    this.strip.face.plot.classList.toggle("measuring", on);
    this.strip.draw();
  }

  move(on) {
    const { strip } = this;
    if (on && this.measuring) this.measure(false);
    this.moving = on;
    strip.setting.moving = on;
    this.editing.chosen = null;
    strip.face.plot.classList.toggle("moving", on);
    if (on && !strip.shows("marks")) strip.put({ shown: [...(strip.model.get("shown") ?? []), "marks"] });
    strip.draw();
  }

  state() {
    return { calipers: this.calipers.items, edits: this.editing.edits, notes: this.notes.items };
  }

  /** Who moves marks, and among what. */
  hand() {
    return { beats: this.strip.overlay.beats, who: this.strip.model.get("who") ?? "", duration: this.strip.signal.duration };
  }

  grasp(at) {
    const { strip } = this;
    strip.held = true;
    if (!strip.page) return;
    const before = this.state();
    if (this.measuring) this.calipers.start(strip.page, at, this.snap);
    const taken = this.measuring || (this.moving && this.editing.start(strip.page, at, strip.overlay));
    this.before = taken ? before : null;
    strip.draw();
  }

  pull(at) {
    const { strip } = this;
    if (this.measuring) this.calipers.pull(strip.page, at, this.snap);
    else if (this.editing.pull(strip.page, at, this.hand())) this.editing.lay(strip.overlay);
    strip.draw();
    return false;
  }

  release() {
    const { before } = this;
    this.strip.held = false;
    this.before = null;
    if (!before) return;
    this.calipers.finish();
    this.editing.grip = null;
    this.keep(before);
  }

  /** Do something that can be undone. */
  change(act) {
    const before = this.state();
    act();
    this.keep(before);
  }

  /** Tell the host of what changed, and remember what was before. */
  keep(before) {
    const now = this.state();
    if (JSON.stringify(now) === JSON.stringify(before)) return this.strip.draw();
    this.history.note(before);
    return this.publish(now, before);
  }

  publish(now, before) {
    const { strip } = this;
    this.editing.lay(strip.overlay);
    const news = { ...now };
    if (now.calipers !== before.calipers && this.calipers.chosen) news.caliper = this.calipers.chosen;
    strip.put(news);
    strip.say(this.measuring ? this.calipers.text() : this.moving ? this.editing.text() : "");
  }

  undo(back) {
    const before = this.state();
    const state = this.history.step(back, before);
    if (!state) return false;
    this.calipers.items = state.calipers;
    this.calipers.at = Math.min(this.calipers.at, state.calipers.length - 1);
    this.editing.edits = state.edits;
    this.notes.items = state.notes;
    this.publish(state, before);
    return true;
  }

  /** The nearest mark or beat in reach, else the time itself. */
  snap = (lead, time, reach) => {
    let best = time;
    let least = reach;
    const { marks, beats } = this.strip.overlay;
    for (const times of [marks.get(lead)?.times, marks.get("")?.times, beats?.times]) {
      if (!times) continue;
      const next = after(times, time);
      for (const candidate of [times[next - 1], times[next]]) {
        if (candidate === undefined || Math.abs(candidate - time) >= least) continue;
        best = candidate;
        least = Math.abs(candidate - time);
      }
    }
    return best;
  };
}
