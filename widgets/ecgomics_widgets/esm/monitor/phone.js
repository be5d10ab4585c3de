// A stream on a phone: rate, trace, trust, findings, and everything pressed in the lowest fifth.
import { fill, h, svg } from "../dom.js";
import { holdButton } from "./hold.js";
import { dash, rateText, signalText, spanText, text } from "./tile.js";

const SPARK = [104, 44];

export class Phone {
  constructor(act, { more, again }) {
    this.act = act;
    this.dot = h("span", { class: "dot", "aria-hidden": "true" });
    this.name = h("b", { class: "cut" });
    this.link = h("span", { class: "quiet cut" });
    this.menu = h("button", { class: "plain more", "aria-label": "streams and sources", onclick: more }, "⋯");
    this.rate = h("b", { class: "rate", "aria-live": "off" });
    this.rhythm = h("span", { class: "rhythm" });
    this.spark = h("div", { class: "spark" });
    this.range = h("span", { class: "quiet" });
    this.again = h("button", { class: "connect again", hidden: true, onclick: again }, "Connect the strap again");
    this.paper = h("div", { class: "paper" });
    this.cells = ["Signal", "Battery", "RMSSD, 5 min"].map((title) => ({ title, value: h("b", {}), unit: h("span", { class: "quiet" }) }));
    this.list = h("ul", { class: "found" });
    this.count = h("span", { class: "quiet push" });
    this.time = h("b", { class: "time" });
    this.doing = h("span", { class: "quiet" });
    this.big = holdButton({ class: "record", holding: () => Boolean(this.stream?.recording), act: (what) => act(what === "stop" ? "stop" : "record", { key: this.stream.key }) });
    this.what = h("b", { class: "what" });
    this.saved = h("span", { class: "quiet saved" });
    this.mark = h("button", { class: "mark", onclick: () => { navigator.vibrate?.(30); act("mark", { key: this.stream.key }); } }, h("span", { "aria-hidden": "true" }, "⚑"), "Mark");
    this.analyse = h("button", { class: "mark analyse", onclick: () => act("take_in", { recording: this.stream.recorded }) }, h("span", { "aria-hidden": "true" }, "≡"), "Analyse");
    this.el = h("div", { class: "phone" },
      h("div", { class: "link" }, this.dot, this.name, this.link, this.menu),
      h("div", { class: "vital" }, this.rate, h("div", { class: "by" }, h("span", { class: "quiet" }, "/min"), this.rhythm), h("div", { class: "lately" }, this.spark, this.range)),
      h("div", { class: "strip" }, this.paper, this.again),
      h("dl", { class: "cells" }, this.cells.map((cell) => h("div", {}, h("dt", { class: "quiet" }, cell.title), h("dd", {}, cell.value, " ", cell.unit)))),
      h("section", { class: "findings" }, h("div", { class: "head" }, h("h2", {}, "Findings"), this.count), this.list),
      h("div", { class: "dock" }, h("div", { class: "left" }, this.time, this.doing), h("div", { class: "middle" }, this.big, this.what), h("div", { class: "right" }, this.mark, this.analyse), this.saved));
  }

  show(feed) {
    if (feed && this.paper.firstChild !== feed.el) this.paper.replaceChildren(feed.el);
  }

  draw(stream, { may, found }) {
    this.stream = stream;
    const lost = Boolean(stream.lost);
    this.el.classList.toggle("lost", lost);
    this.dot.dataset.tone = lost ? "none" : "good";
    text(this.name, stream.name);
    const buffered = stream.fill ? `buffer ${Math.ceil(stream.fill * 100)} %` : "";
    this.again.hidden = !stream.again;
    const behind = stream.delay_s === null ? "" : `${stream.delay_s.toFixed(2)} s behind`;
    text(this.link, [lost ? `${stream.state_text} for ${spanText(stream.since_s ?? 0)}` : "connected", `${Math.round(stream.hz)} Hz`, buffered || behind, stream.origin].filter(Boolean).join(" · "));
    text(this.rate, rateText(stream));
    this.rate.classList.toggle("out", stream.rate_state === "out");
    this.rate.classList.toggle("none", this.rate.textContent === dash);
    text(this.rhythm, stream.rhythm);
    this.rhythm.dataset.tone = stream.tone || "plain";
    this.sparkline(stream.lately || []);
    const [word, figure, tone] = signalText(stream);
    const values = [[word, figure, tone], [stream.battery === null ? "–" : `${Math.round(stream.battery)} %`, "", ""], [stream.rmssd === null ? "–" : String(Math.round(stream.rmssd)), stream.rmssd === null ? "" : "ms", ""]];
    this.cells.forEach((cell, k) => { text(cell.value, values[k][0]); text(cell.unit, values[k][1]); cell.value.dataset.tone = values[k][2]; });
    this.findings(found);
    this.controls(stream, may);
  }

  sparkline(values) {
    const key = values.join();
    if (key === this.drawn) return;
    this.drawn = key;
    const known = values.filter((value) => value !== null);
    if (known.length < 2) { fill(this.spark); text(this.range, ""); return; }
    const [low, high] = [Math.min(...known), Math.max(...known)];
    const [width, height] = SPARK;
    const y = (value) => height - 4 - ((value - low) / Math.max(4, high - low)) * (height - 8);
    const x = (k) => (k / (values.length - 1)) * (width - 4);
    let path = "", pen = "M";
    values.forEach((value, k) => { if (value === null) { pen = "M"; return; } path += `${pen}${x(k).toFixed(1)} ${y(value).toFixed(1)}`; pen = "L"; });
    const last = values.at(-1);
    fill(this.spark, svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true" }, svg("path", { d: path, class: "line" }), last === null ? null : svg("circle", { cx: x(values.length - 1), cy: y(last), r: 3, class: "now" })));
    text(this.range, `${Math.round(low)}–${Math.round(high)} in 15 min`);
  }

  findings(found) {
    const key = JSON.stringify(found);
    if (key === this.listed) return;
    this.listed = key;
    text(this.count, `this session · ${found.length}`);
    fill(this.list, found.length ? found.slice(0, 12).map((one) => h("li", {}, h("button", { class: "row", onclick: () => { this.asked = one.id; this.act("open", { id: one.id }); } }, h("span", { class: "mini", "data-kind": one.kind }), h("span", { class: "words" }, h("b", { class: one.seen ? "seen" : "" }, one.text), h("span", { class: "quiet" }, one.when)), h("span", { class: "quiet", "aria-hidden": "true" }, "›")))) : h("li", { class: "quiet none" }, "nothing found so far"));
  }

  controls(stream, may) {
    const on = Boolean(stream.recording);
    text(this.time, on || stream.recorded_s ? spanText(stream.recorded_s) : "00:00");
    text(this.doing, on ? "recording" : stream.recorded_s ? "recorded" : "not recording");
    this.big.classList.toggle("on", on);
    this.big.setAttribute("aria-label", on ? "hold to stop the recording" : "record");
    text(this.what, on ? "Hold to stop" : "Record");
    text(this.saved, [on || stream.saved ? `saved to ${stream.saved || "–"}` : "not saved", "not an alarm · not for diagnosis"].join(" · "));
    this.big.disabled = !may.annotate || (on && !may.end) || Boolean(stream.away_s);
    this.analyse.hidden = on || !stream.recorded || !may.annotate;
    this.mark.hidden = !this.analyse.hidden || !may.annotate;
  }
}
