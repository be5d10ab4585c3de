// A stream on a desk: rate and state first, then its strip.
import { fill, h } from "../dom.js";

export const dash = "––";
export const rateText = (stream) => (stream.rate === null || stream.rate === undefined ? dash : String(Math.round(stream.rate)));

/** Minutes and seconds, with hours when there are any. */
export function spanText(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value) => String(value).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${two(minutes)}:${two(rest)}`;
}

/** Signal, in a word with its figure: [word, figure, class of colour]. */
export function signalText(stream) {
  if (stream.lost) return [stream.state_text || "no contact", stream.since_s === null ? "" : spanText(stream.since_s), "none"];
  const value = stream.quality;
  if (value === null || value === undefined) return ["listening", "", "none"];
  const word = value >= 0.8 ? "good" : value >= 0.5 ? "fair" : "poor";
  return [word, value.toFixed(2).replace(/^0/, ""), word];
}

export class Tile {
  constructor(feed, { key, act }) {
    this.feed = feed;
    this.key = key;
    this.act = act;
    this.rate = h("b", { class: "rate" });
    this.name = h("h2", { class: "cut" });
    this.rhythm = h("span", { class: "rhythm cut" });
    this.signal = h("span", { class: "signal" });
    this.power = h("span", { class: "quiet power" });
    this.record = h("button", { class: "plain rec", onclick: (event) => { event.stopPropagation(); act(this.stream.recording ? "stop" : "record", { key }); } });
    this.drop = h("button", { class: "plain drop", "aria-label": "remove this stream", title: "remove this stream", onclick: (event) => { event.stopPropagation(); act("remove", { key }); } }, "×");
    this.scale = [["−", -1], ["+", 1]].map(([text, by]) => h("button", { class: "plain", "aria-label": by > 0 ? "higher gain" : "lower gain", onclick: (event) => { event.stopPropagation(); feed.gain(by); } }, text));
    this.select = h("button", { class: "select", onclick: () => act("select", { key }) }, this.name);
    this.paper = h("div", { class: "paper" }, h("div", { class: "gains" }, this.scale));
    this.el = h("article", { class: "tile pane", "data-stream": key, onclick: () => act("select", { key }) },
      h("div", { class: "top" }, h("div", { class: "beat" }, this.rate, h("span", { class: "quiet" }, "/min")), h("div", { class: "who" }, this.select, this.rhythm),
        h("div", { class: "trust" }, h("div", {}, this.signal, this.drop), h("div", {}, this.power, this.record))),
      this.paper);
    this.paper.prepend(feed.el);
  }

  draw(stream, { chosen, may }) {
    this.stream = stream;
    this.el.classList.toggle("chosen", chosen);
    this.el.classList.toggle("lost", Boolean(stream.lost));
    this.el.setAttribute("aria-label", `${stream.name}, ${rateText(stream)} a minute, ${stream.rhythm}`);
    this.select.setAttribute("aria-pressed", String(chosen));
    text(this.rate, rateText(stream));
    this.rate.classList.toggle("out", stream.rate_state === "out");
    this.rate.classList.toggle("none", this.rate.textContent === dash);
    text(this.name, stream.name);
    this.drop.hidden = !may.own;
    this.record.disabled = !may.annotate || (stream.recording && !may.end);
    text(this.rhythm, stream.rhythm);
    this.rhythm.dataset.tone = stream.tone || "plain";
    const [word, figure, tone] = signalText(stream);
    this.signal.dataset.tone = tone;
    text(this.signal, stream.lost ? `${word} ${figure}` : `signal ${word} ${figure}`);
    text(this.power, [stream.origin, stream.battery === null ? "" : `battery ${Math.round(stream.battery)} %`].filter(Boolean).join(" · "));
    text(this.record, stream.recording ? `● ${spanText(stream.recorded_s)}` : "○ record");
    this.record.classList.toggle("on", Boolean(stream.recording));
    this.record.title = stream.recording ? `saved to ${stream.saved || "–"}; press to stop` : "record to the cohort";
    this.record.setAttribute("aria-label", stream.recording ? `stop recording ${stream.name}` : `record ${stream.name}`);
  }
}

/** Change a text only when it is another one: a screen reader is not told what it knows. */
export function text(element, words) {
  if (element.textContent !== words) fill(element, words);
}
