// Events of all streams, and why the chosen one was said.
import { fill, h, svg } from "../dom.js";

const KINDS = [["new", "new"], ["rhythm", "rhythm"], ["signal", "signal"], ["mark", "marks"]];
const MV_PX = 26;

export class Aside {
  constructor(act) {
    this.act = act;
    this.filter = "";
    this.count = h("span", { class: "quiet" });
    this.chips = h("div", { class: "chips" });
    this.list = h("ul", { class: "events" });
    this.card = h("section", { class: "why", "aria-label": "why" });
    this.note = h("input", { type: "text", maxlength: 200, placeholder: "a note to keep with it", "aria-label": "note" });
    this.el = h("aside", { class: "side pane" }, h("div", { class: "head" }, h("h2", {}, "Events"), this.count), this.chips, this.list, this.card);
  }

  draw(events, { opened, why, may }) {
    this.may = may;
    const key = JSON.stringify([events, opened, this.filter]);
    if (key !== this.listed) { this.listed = key; this.events(events, opened); }
    const reason = JSON.stringify(why);
    if (reason !== this.reasoned) { this.reasoned = reason; this.reasons(why); }
  }

  events(events, opened) {
    const fresh = events.filter((one) => !one.seen).length;
    fill(this.count, `${events.length} this session · ${fresh} new`);
    const of = (kind) => (kind === "new" ? events.filter((one) => !one.seen) : events.filter((one) => one.kind === kind));
    fill(this.chips, KINDS.map(([kind, title]) => h("button", { class: "chip", "aria-pressed": String(this.filter === kind), onclick: () => { this.filter = this.filter === kind ? "" : kind; this.listed = null; this.draw(events, { opened, why: this.why, may: this.may }); } }, `${title} ${of(kind).length}`)));
    const shown = this.filter ? of(this.filter) : events;
    fill(this.list, shown.length ? shown.map((one) => h("li", {}, h("button", { class: `row${one.seen ? "" : " fresh"}${one.id === opened ? " open" : ""}`, "data-event": one.id, onclick: () => this.act("open", { id: one.id }) },
      h("span", { class: "quiet" }, one.when), h("span", { class: "mini", "data-kind": one.kind }), h("span", { class: "cut what" }, one.text, one.verdict === "no" ? h("span", { class: "quiet" }, " · not this") : null), h("span", { class: "quiet cut from" }, one.stream)))) : h("li", { class: "none" }, "nothing yet"));
  }

  reasons(why) {
    this.why = why;
    if (!why?.id) { fill(this.card, h("p", { class: "none" }, "Choose an event to see why it was said.")); return; }
    const note = this.note;
    note.value = why.note || "";
    fill(this.card, h("div", { class: "head" }, h("b", {}, why.when), h("span", { class: "quiet cut" }, `${why.stream} · why`)),
      why.trace ? trace(why.trace) : null,
      h("h3", {}, why.text),
      h("dl", {}, why.rows.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])),
      this.may.annotate ? h("div", { class: "answers" },
        h("button", { class: "strong", disabled: why.seen, onclick: () => this.act("seen", { id: why.id }) }, why.seen ? "Seen" : "Mark seen"),
        h("button", { class: "second", "aria-pressed": String(why.verdict === "no"), onclick: () => this.act("verdict", { id: why.id, verdict: why.verdict === "no" ? "" : "no" }) }, "Not this"),
        h("span", { class: "quiet push" }, h("kbd", {}, "n"), " next")) : null,
      this.may.annotate ? h("div", { class: "answers" }, note, h("button", { class: "second", onclick: () => this.act("note", { id: why.id, note: note.value }) }, "Keep note")) : null);
  }
}

/** A few seconds around an event, true to its own gain. */
function trace({ rate_hz, values, start_s, stop_s, about_s }) {
  const [width, height] = [308, 132];
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  const zero = known[known.length >> 1] ?? 0;
  const x = (k) => (k / Math.max(1, values.length - 1)) * width;
  const y = (mv) => height * 0.6 - (mv - zero) * MV_PX;
  let path = "", pen = "M";
  values.forEach((value, k) => { if (value === null) { pen = "M"; return; } path += `${pen}${x(k).toFixed(1)} ${y(value).toFixed(1)}`; pen = "L"; });
  const seconds = values.length / rate_hz;
  const place = (time) => Math.max(0, Math.min(width, ((time - start_s) / seconds) * width));
  return svg("svg", { class: "snippet", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `ECG around it, ${seconds.toFixed(0)} s` },
    svg("rect", { x: place(about_s), width: Math.max(2, place(stop_s) - place(about_s)), y: 0, height, class: "span" }), svg("path", { d: path, class: "line" }));
}
