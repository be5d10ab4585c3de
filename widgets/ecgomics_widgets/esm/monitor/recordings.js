// What was recorded: to be reported on, taken into the cohort, or let go.
import { fill, h } from "../dom.js";
import { spanText } from "./tile.js";

const WORDS = { open: "recording", cut: "cut off: goes on when its stream does", ended: "not yet in the cohort", taken: "in the cohort", discarded: "let go" };

export class Recordings {
  constructor(act) {
    this.act = act;
    this.el = h("section", { class: "kept pane", "aria-label": "recordings" });
  }

  draw(recordings, { may, close }) {
    const key = JSON.stringify([recordings, may]);
    if (key === this.drawn) return;
    this.drawn = key;
    fill(this.el, h("div", { class: "head" }, h("h2", {}, "Recordings"), h("button", { class: "second push", onclick: close }, "close")),
      recordings.length ? h("ul", {}, recordings.map((one) => this.line(one, may))) : h("p", { class: "none" }, "Nothing was recorded yet."));
  }

  line(one, may) {
    const mine = may.all || one.owners.includes(may.id);
    const over = one.state === "ended" || one.state === "cut";
    const gaps = one.gaps ? ` · ${one.gaps} ${one.gaps === 1 ? "gap" : "gaps"}, ${one.missing_s.toFixed(1)} s` : "";
    const button = (text, act, classes = "second") => h("button", { class: classes, onclick: act }, text);
    const sure = h("button", { class: "plain", onclick: () => {
      if (sure.dataset.asked) { this.act("discard", { recording: one.id }); return; }
      sure.dataset.asked = "yes";
      fill(sure, "Discard for good?");
    } }, "Discard");
    return h("li", { "data-recording": one.id }, h("div", { class: "words" }, h("b", { class: "cut" }, one.name), h("span", { class: "quiet" }, `${one.started} · ${spanText(one.length_s)}${gaps}`), h("span", { class: "quiet", "data-state": one.state }, WORDS[one.state] ?? one.state)),
      may.annotate && over ? h("div", { class: "acts" }, button("Take into the cohort", () => this.act("take_in", { recording: one.id }), "strong"), button("Report", () => this.act("report", { recording: one.id })), mine ? sure : null) : null);
  }
}
