// The Monitor page: one stream on a phone, all of them on a desk; straps connect here, in the browser, and are kept
// through gaps in the network and restarts of the server.
import { BASE, emit, fill, h, watch } from "../dom.js";
import { remember, remembered, SHELL, shell, typing } from "../page_shell.js";
import { unpack } from "../strip/codec.js";
import { Aside } from "./aside.js";
import { Awake } from "./awake.js";
import { RATE } from "./bluetooth.js";
import { Feed } from "./feed.js";
import { Phone } from "./phone.js";
import { Recordings } from "./recordings.js";
import { sourcePanel } from "./source.js";
import { LEAD, Straps } from "./straps.js";
import { STYLE } from "./style.js";
import { spanText, Tile } from "./tile.js";
import { Trends } from "./trends.js";
import { Wire } from "./wire.js";

const NARROW_PX = 700;
const PULSE_MS = 500;
const PATIENCE_S = 1.5; // without the server before the page says so
const SPANS = [[600, "10 min"], [3600, "60 min"], [28800, "8 h"]];
const NOTE = "Findings are shown, nothing is alarmed. In a strip: Space stops it, ← → look back, + − change the gain, m marks.";
const KEYS = [["1 … 9", "choose a stream"], ["n", "next event not seen"], ["m", "mark the moment"], ["Space", "in a strip: stop and look back"], ["← →", "in a stopped strip: a second back, forward"], ["+ −", "in a strip: gain"], ["Esc", "close"], ["?", "this list"]];
const START = { place: "page", heading: "Monitor", nav: [], cohort: {}, visitor: {}, keys: KEYS, status: [], undo: "", theme: "", notice: "", link: null, event: {}, streams: [], chosen: "", events: [], why: {}, span_s: 600, records: [], report: {}, acks: {}, strap_key: "", recordings: [], may: { id: "", annotate: true, all: false }, trends: {}, version: "" };
const TUNING = "ecgomics-monitor";

export class MonitorPage {
  constructor(body) {
    this.feeds = new Map();
    this.tiles = new Map();
    this.root = h("div", { class: "frame eg", tabindex: -1, "data-place": "page" });
    this.wire = new Wire(`${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/monitor/live?page=${Math.random().toString(36).slice(2)}`, { values: START, onBytes: (bytes) => this.take(bytes) });
    this.straps = new Straps({ send: (samples) => this.wire.send({ samples }), onSamples: (sender, first, values) => this.draws(sender, first, values), onChange: () => this.changed() });
    this.build(body);
    this.listen();
    this.draw();
    this.keepShell();
    Object.assign(window, { __ecgomics_monitor: this });
  }

  act(type, detail = {}) {
    if (type === "mark" && detail.time_s === undefined) detail = { ...detail, time_s: this.feeds.get(detail.key)?.nowS() ?? undefined };
    if (this.wire.state !== "open" && type !== "mark") this.say("The server is away: this can be done when it is there again.");
    emit(this.wire, type, detail);
  }

  say(notice) {
    this.wire.update({ notice: "" });
    queueMicrotask(() => this.wire.update({ notice }));
  }

  // --- parts ------------------------------------------------------------------------------------------------------------

  build(body) {
    const act = (type, detail) => this.act(type, detail);
    this.add = h("button", { class: "add", onclick: () => this.over(this.sources(true)) }, "+ Add a stream");
    this.kept = h("button", { class: "add kept-button", onclick: () => this.showKept() }, "Recordings");
    this.outside = shell(this.wire, { root: this.root, extra: [this.kept, this.add], note: NOTE });
    this.aside = new Aside(act);
    this.awake = new Awake();
    this.recordings = new Recordings(act);
    this.phone = new Phone(act, { more: () => this.over(this.menu()), again: () => this.connect() });
    this.tilesBox = h("div", { class: "tiles" });
    this.spans = h("div", { class: "span" });
    this.trends = new Trends();
    this.desk = h("div", { class: "desk" }, this.tilesBox, this.aside.el, h("section", { class: "trends pane", "aria-label": "trends" }, this.spans, this.trends.el));
    this.news = h("p", { class: "news", role: "status", hidden: true });
    this.stage = h("div", { class: "stage" });
    this.main = h("main", { class: "watch" }, this.news, this.stage);
    this.whole = h("div", { class: "whole eg" }, this.outside.head, this.main, this.outside.foot);
    this.root.append(this.whole);
    body.append(h("style", {}, BASE + SHELL + STYLE), this.root);
    this.outside.open();
  }

  listen() {
    const { wire } = this;
    watch(wire, ["streams", "events", "why", "chosen", "records", "span_s", "may", "recordings"], () => this.draw());
    watch(wire, ["strap_key"], () => this.straps.unlock(wire.get("strap_key")));
    watch(wire, ["acks"], () => this.straps.acked(wire.get("acks")));
    watch(wire, ["report"], () => this.report());
    watch(wire, ["trends"], () => this.trends.tell(wire.get("trends")));
    watch(wire, ["nav", "heading", "visitor"], () => this.rehead());
    watch(wire, ["version"], () => this.renew());
    wire.on("change:line", () => this.lineChanged());
    this.observer = new ResizeObserver(() => {
      const now = this.root.clientWidth <= NARROW_PX;
      if (now !== this.narrow) { this.narrow = now; this.draw(); this.subscribe(); }
    });
    this.observer.observe(this.root);
    window.addEventListener("keydown", (event) => this.keys(event));
    new MutationObserver(() => this.draw()).observe(this.root, { attributes: true, attributeFilter: ["data-theme"] });
    setInterval(() => this.pulse(), PULSE_MS);
    window.addEventListener("beforeinstallprompt", (event) => { event.preventDefault(); this.install = event; });
  }

  /** Head with its links, which come from the server after the page is there. */
  rehead() {
    const again = shell(this.wire, { root: this.root, extra: [this.kept, this.add], note: NOTE });
    this.outside.head.replaceWith(again.head);
    this.outside.foot.replaceWith(again.foot);
    this.outside.close();
    this.outside = again;
  }

  keepShell() {
    navigator.serviceWorker?.register("/monitor/worker.js", { scope: "/monitor" }).catch(() => { /* not a secure page: it works while the server is there */ });
  }

  /** A newer program is there: taken when nothing would be lost by it. */
  renew() {
    const fresh = this.wire.get("version");
    if (fresh && fresh !== document.body.dataset.version && !this.straps.held.size && !this.renewed) {
      this.renewed = true;
      if (!sessionStorage.getItem(`ecgomics-renewed-${fresh}`)) { sessionStorage.setItem(`ecgomics-renewed-${fresh}`, "1"); location.reload(); }
    }
  }

  // --- samples ----------------------------------------------------------------------------------------------------------

  take(bytes) {
    const message = unpack(bytes);
    if (!message) return;
    if (message.rows) { this.trends.take(bytes); return; }
    if (this.straps.held.get(message.id)?.strap) return;
    if (!this.feeds.has(message.id)) this.draw();
    this.feeds.get(message.id)?.take(bytes);
  }

  draws(sender, first, values) {
    if (!this.feeds.has(sender)) this.draw();
    this.feeds.get(sender)?.push(first, values, { rate: RATE, lead: LEAD });
  }

  /** Tell the server what is drawn here: on a phone one stream, and none that this browser holds itself. */
  subscribe() {
    const one = this.chosen();
    const keys = this.narrow ? (one ? [one.key] : []) : null;
    const draws = { keys, held: this.straps.drawing() };
    const key = JSON.stringify(draws);
    if (key !== this.subscribed && this.wire.send({ draws })) this.subscribed = key;
  }

  lineChanged() {
    if (this.wire.state === "open") {
      this.subscribed = "";
      this.subscribe();
      this.straps.again();
    }
    if (this.wire.state === "signed out") this.straps.vault.forget();
    this.pulse();
  }

  changed() {
    if (!this.root.isConnected) return;
    this.draw();
    this.subscribe();
  }

  async connect() {
    const said = await this.straps.connect();
    if (!said) this.over(null);
    else this.say(said);
    return said;
  }

  // --- what is shown ----------------------------------------------------------------------------------------------------

  streams() {
    const known = this.wire.get("streams") || [];
    const all = [...known, ...this.straps.alone(new Set(known.map((stream) => stream.sender)))];
    return all.map((stream) => this.dressed(this.straps.told(stream)));
  }

  /** A stream as the page knows it: without the server its figures are old, and one's own gain and lead are kept here. */
  dressed(stream) {
    const tuned = { ...stream, ...(remembered(TUNING)[stream.key] ?? {}) };
    const away = this.wire.awayS();
    if (away < PATIENCE_S) return tuned;
    const held = this.straps.held.get(stream.sender)?.strap;
    const stale = { rate: null, rate_state: "in", rhythm: held ? "server away" : "no word from the server", tone: "signal", away_s: away };
    return held ? { ...tuned, ...stale } : { ...tuned, ...stale, lost: true, state_text: "no word from the server", since_s: away };
  }

  chosen() {
    const all = this.streams();
    return all.find((stream) => stream.key === (this.wire.get("chosen") || this.own)) || all.find((stream) => this.straps.held.has(stream.sender)) || all[0];
  }

  may(stream) {
    const may = this.wire.get("may");
    return { annotate: may.annotate, own: may.all || stream.owner === may.id || stream.owner === null, end: may.all || [stream.owner, stream.recorder].includes(may.id) };
  }

  sources(closing) {
    if (!this.wire.get("may").annotate) return h("section", { class: "source" }, h("h2", {}, "Nothing streams"), h("p", { class: "quiet" }, "You look on; an annotator connects a strap or replays a record."), closing ? h("button", { class: "plain", onclick: () => this.over(null) }, "close") : null);
    return sourcePanel({ records: this.wire.get("records") || [], act: (type, detail) => this.act(type, detail), connect: () => this.connect(), close: closing ? () => this.over(null) : null, install: this.install });
  }

  menu() {
    const all = this.streams(), one = this.chosen();
    const pick = (stream) => h("li", {}, h("button", { onclick: () => { this.act("select", { key: stream.key }); this.over(null); } }, `${stream.name} · ${stream.rhythm || "listening"}`));
    return h("div", { class: "menu" }, all.length ? h("section", { class: "source" }, h("h2", {}, "Streams"), h("ul", { class: "streams" }, all.map(pick)),
      h("button", { class: "second", onclick: () => this.showKept() }, "Recordings"),
      one && this.may(one).own ? h("button", { class: "second", onclick: () => { this.end(one); this.over(null); } }, `Disconnect ${one.name}`) : null) : null, this.sources(true));
  }

  /** End a stream: at the server, and the strap when this browser holds it. */
  end(stream) {
    this.act("remove", { key: stream.key });
    if (this.straps.held.has(stream.sender)) this.straps.drop(stream.sender);
  }

  showKept() {
    this.recordings.drawn = "";
    this.recordings.draw(this.wire.get("recordings") || [], { may: this.wire.get("may"), close: () => this.over(null) });
    this.over(this.recordings.el);
  }

  over(content) {
    this.cover?.remove();
    this.cover = content ? h("div", { class: "over", onclick: (event) => { if (event.target === this.cover) this.over(null); } }, content) : null;
    if (this.cover) this.main.append(this.cover);
  }

  lay(all) {
    const kind = !all.length ? "empty" : this.narrow ? "phone" : "desk";
    if (kind === "empty") { const key = JSON.stringify([this.wire.get("records"), this.wire.get("may"), Boolean(this.install)]); if (key !== this.offered) { this.offered = key; this.shown = ""; } }
    if (kind !== this.shown) {
      this.shown = kind;
      if (kind === "desk" || kind === "phone") this.over(null);
      fill(this.stage, kind === "empty" ? h("div", { class: "empty" }, this.sources(false)) : kind === "phone" ? this.phone.el : this.desk);
      this.whole.classList.toggle("watching", kind === "phone");
      if (kind === "desk") { for (const [key, tile] of this.tiles) tile.paper.prepend(this.feeds.get(key).el); this.trends.open(); }
    }
    this.add.style.display = kind === "desk" && this.wire.get("may").annotate ? "" : "none";
    this.kept.style.display = kind === "phone" ? "none" : "";
    this.awake.want(kind !== "empty");
  }

  draw() {
    const all = this.streams(), keys = new Set(all.map((stream) => stream.key));
    for (const [key, feed] of this.feeds) if (!keys.has(key)) { feed.end(); this.feeds.delete(key); this.tiles.get(key)?.el.remove(); this.tiles.delete(key); }
    for (const stream of all) this.feedOf(stream).tell({ ...stream, theme: this.root.dataset.theme });
    this.tilesBox.dataset.count = all.length;
    this.lay(all);
    if (this.cover?.contains(this.recordings.el)) this.recordings.draw(this.wire.get("recordings") || [], { may: this.wire.get("may"), close: () => this.over(null) });
    const waiting = (this.wire.get("recordings") || []).filter((one) => one.state === "ended" || one.state === "cut").length;
    fill(this.kept, waiting ? `Recordings · ${waiting}` : "Recordings");
    const one = this.chosen();
    if (!one) return;
    const events = this.wire.get("events") || [], why = this.wire.get("why") || {};
    if (this.shown === "phone") {
      this.phone.show(this.feeds.get(one.key));
      this.phone.draw(one, { may: this.may(one), found: events.filter((event) => event.key === one.key) });
      this.explain(why);
      return;
    }
    for (const stream of all) this.tiles.get(stream.key).draw(stream, { chosen: stream.key === one.key, may: this.may(stream) });
    this.aside.draw(events, { opened: why.id, why, may: this.wire.get("may") });
    fill(this.spans, SPANS.map(([seconds, title]) => h("button", { class: "chip", "aria-pressed": String(this.wire.get("span_s") === seconds), onclick: () => this.act("span", { span_s: seconds }) }, title)));
  }

  /** On a phone an event opens over the page. */
  explain(why) {
    if (!this.phone.asked || this.phone.asked !== why.id) return;
    this.aside.draw(this.wire.get("events") || [], { opened: why.id, why, may: this.wire.get("may") });
    if (this.cover?.contains(this.aside.card)) return;
    this.over(h("section", { class: "pane told" }, this.aside.card, h("button", { class: "second", onclick: () => { this.phone.asked = ""; this.over(null); } }, "close")));
  }

  feedOf(stream) {
    let feed = this.feeds.get(stream.key);
    if (feed) return feed;
    feed = new Feed(stream.key, (type, detail) => {
      if (type === "tune") { remember({ [detail.key]: { gain: detail.gain, lead: detail.lead } }, TUNING); this.draw(); } else this.act(type, detail);
    });
    this.feeds.set(stream.key, feed);
    const tile = new Tile(feed, { key: stream.key, act: (type, detail) => (type === "remove" ? this.end(this.streams().find((one) => one.key === detail.key)) : this.act(type, detail)) });
    this.tiles.set(stream.key, tile);
    this.tilesBox.append(tile.el);
    return feed;
  }

  /** What changes with time alone: how long the server or a strap has been away. */
  pulse() {
    const away = this.wire.awayS();
    const out = this.wire.state === "signed out";
    const held = [...this.straps.held.values()].filter((entry) => entry.strap);
    const buffered = held.length ? ` · samples are kept here, buffer ${Math.ceil(100 * Math.max(...held.map(({ box }) => box.fill())))} %` : "";
    const words = out ? "Your session is over. " : away > PATIENCE_S ? `The server is away for ${spanText(away)}${buffered}` : "";
    if (this.news.dataset.words !== words) {
      this.news.dataset.words = words;
      this.news.hidden = !words;
      fill(this.news, words, out ? h("a", { href: "/sign-in?next=/monitor", target: held.length ? "_blank" : null }, "Sign in again") : null);
    }
    if (away || this.straps.held.size) this.draw();
  }

  report() {
    const page = this.wire.get("report") || {};
    this.sheet?.remove();
    this.sheet = null;
    if (!page.title) return;
    this.over(null);
    const frame = page.html ? h("iframe", { title: page.title, sandbox: "" }) : h("p", { class: "busy", role: "status" }, page.said || "analysing …");
    if (page.html) frame.srcdoc = page.html;
    this.sheet = h("section", { class: "sheet-over pane", "aria-label": page.title }, h("div", { class: "head" }, h("h2", { class: "cut" }, page.title), h("button", { class: "second push", onclick: () => this.act("close_report") }, "close")), frame);
    this.main.append(this.sheet);
  }

  keys(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event)) return;
    const { outside } = this;
    if (event.key === "?" || (event.key === "Escape" && outside.isHelping())) { event.preventDefault(); outside.help(); return; }
    if (outside.isHelping()) return;
    if (event.key === "Escape") { if (this.cover) this.over(null); else if (this.sheet) this.act("close_report"); return; }
    const all = this.streams(), one = this.chosen();
    if (event.key === "n") this.act("next_event");
    else if (event.key === "m" && one) this.act("mark", { key: one.key });
    else if (/^[1-9]$/.test(event.key) && all[Number(event.key) - 1]) this.act("select", { key: all[Number(event.key) - 1].key });
    else return;
    event.preventDefault();
  }
}
