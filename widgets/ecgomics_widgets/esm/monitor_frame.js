// The Monitor page: one stream on a phone, all of them on a desk; straps connect here, in the browser.
import {BASE, emit, fill, h, watch} from "./dom.js";
import {Aside} from "./monitor/aside.js";
import {Awake} from "./monitor/awake.js";
import {RATE, Strap} from "./monitor/bluetooth.js";
import {Feed} from "./monitor/feed.js";
import {Outbox} from "./monitor/outbox.js";
import {Phone} from "./monitor/phone.js";
import {sourcePanel} from "./monitor/source.js";
import {STYLE} from "./monitor/style.js";
import {Tile} from "./monitor/tile.js";
import {SHELL, shell, slot, typing} from "./page_shell.js";
import {unpack} from "./strip/codec.js";

const NARROW_PX = 700;
const SILENT_MS = 3000;
const RETRY_MS = 4000;
const SPANS = [[600, "10 min"], [3600, "60 min"], [28800, "8 h"]];
const NOTE = "Findings are shown, nothing is alarmed. In a strip: Space stops it, ← → look back, + − change the gain, m marks.";

function render({model: own, view, el}) {
  const model = view.model_proxy, place = own.get("place");
  const root = h("div", {class: "frame eg", tabindex: -1, "data-place": place});
  const add = h("button", {class: "add", onclick: () => over(sources(true))}, "+ Add a stream");
  const outside = shell(own, {root, extra: [add], note: NOTE});
  const act = (type, detail = {}) => emit(own, type, detail);
  const feeds = new Map(), tiles = new Map(), boxes = new Map();
  const aside = new Aside(act), awake = new Awake();
  const phone = new Phone(act, {more: () => over(menu())});
  const tilesBox = h("div", {class: "tiles"}), spans = h("div", {class: "span"});
  const trends = h("section", {class: "trends pane", "aria-label": "trends"}, spans, slot(model, "trends", "fill"));
  const desk = h("div", {class: "desk"}, tilesBox, aside.el, trends);
  const main = h("main", {class: "watch"});
  const whole = h("div", {class: "whole eg"}, outside.head, main, outside.foot);
  let narrow = null, cover = null, sheet = null, shown = "", heard = performance.now();
  root.append(whole);
  el.append(h("style", {}, own.get("tokens") + BASE + SHELL + STYLE), root);

  // --- straps of this browser ---------------------------------------------------------------------------------------

  const send = (message) => { own.set("samples", message); own.save_changes(); };
  async function connect() {
    let box = null;
    const strap = new Strap({
      onSamples: (first, values) => box?.add(first, values),
      onState: (facts) => {
        if (!box && facts.state === "connected") { box = new Outbox({rate: RATE, label: facts.name, send}); boxes.set(box.sender, {box, strap}); }
        box?.tell({state: facts.state, battery: facts.battery});
      },
    });
    try {
      await strap.connect();
      over(null);
      return "";
    } catch (error) {
      await strap.end();
      if (error?.name === "NotFoundError") return "No strap was chosen.";
      return `The strap did not answer: ${error?.message || error}. Wet the electrodes, keep it on, and try again.`;
    }
  }
  const left = Outbox.left(send);
  if (left) boxes.set(left.sender, {box: left, strap: null});
  function acked() {
    for (const [sender, next] of Object.entries(own.get("acks") || {})) {
      const entry = boxes.get(sender);
      if (!entry) continue;
      if (next < 0) { entry.strap?.end(); entry.box.stop(); boxes.delete(sender); } else entry.box.ack(next);
    }
  }
  const fillOf = (stream) => { const entry = boxes.get(stream.sender); return entry && entry.box.waiting() > RATE * 3 ? entry.box.fill() : 0; };

  // --- layouts --------------------------------------------------------------------------------------------------------

  const sources = (closing) => sourcePanel({records: own.get("records") || [], act, connect, close: closing ? () => over(null) : null});
  const streams = () => own.get("streams") || [];
  const chosen = () => streams().find((stream) => stream.key === own.get("chosen")) || streams()[0];

  function menu() {
    return h("div", {style: {display: "grid", gap: "8px", width: "100%"}}, streams().length ? h("section", {class: "source"}, h("h2", {}, "Streams"), h("ul", {class: "streams"}, streams().map((stream) => h("li", {}, h("button", {onclick: () => { act("select", {key: stream.key}); over(null); }}, `${stream.name} · ${stream.rhythm}`)))),
      h("button", {class: "second", onclick: () => { act("remove", {key: chosen().key}); over(null); }}, `Disconnect ${chosen().name}`)) : null, sources(true));
  }
  function over(content) {
    cover?.remove();
    cover = content ? h("div", {class: "over", onclick: (event) => { if (event.target === cover) over(null); }}, content) : null;
    if (cover) main.append(cover);
  }
  function lay() {
    const all = streams();
    const kind = !all.length ? "empty" : narrow ? "phone" : "desk";
    if (kind !== shown) {
      shown = kind;
      over(null);
      fill(main, kind === "empty" ? h("div", {class: "empty"}, sources(false)) : kind === "phone" ? phone.el : desk);
      whole.classList.toggle("watching", kind === "phone");
      if (kind === "desk") for (const [key, tile] of tiles) tile.paper.prepend(feeds.get(key).el);
    }
    add.style.display = kind === "desk" ? "" : "none";
    awake.want(kind !== "empty");
  }
  function draw() {
    const all = streams(), keys = new Set(all.map((stream) => stream.key));
    for (const [key, feed] of feeds) if (!keys.has(key)) { feed.end(); feeds.delete(key); tiles.get(key)?.el.remove(); tiles.delete(key); }
    const theme = root.dataset.theme;
    for (const stream of all) {
      let feed = feeds.get(stream.key);
      if (!feed) {
        feed = new Feed(stream.key, act);
        feeds.set(stream.key, feed);
        const tile = new Tile(feed, {key: stream.key, act});
        tiles.set(stream.key, tile);
        tilesBox.append(tile.el);
      }
      feed.tell({...stream, theme});
    }
    tilesBox.dataset.count = all.length;
    lay();
    const one = chosen();
    if (!one) return;
    const silent = performance.now() - heard > SILENT_MS;
    const dressed = (stream) => (silent ? {...stream, lost: true, rate: null, state_text: "no word from the server", since_s: (performance.now() - heard) / 1000} : stream);
    if (shown === "phone") { phone.show(feeds.get(one.key)); phone.draw(dressed(one), {fillOf: fillOf(one)}); return; }
    for (const stream of all) tiles.get(stream.key).draw(dressed(stream), stream.key === one.key);
    aside.draw(own.get("events") || [], {opened: (own.get("why") || {}).id, why: own.get("why")});
    fill(spans, SPANS.map(([seconds, title]) => h("button", {class: "chip", "aria-pressed": String(own.get("span_s") === seconds), onclick: () => act("span", {span_s: seconds})}, title)));
  }
  function take() {
    const message = unpack(own.get("block"));
    if (!message) return;
    heard = performance.now();
    message.keys.forEach((key, k) => {
      if (!feeds.has(key)) draw();
      const bytes = message.arrays[`s${k}`];
      if (bytes.length) feeds.get(key)?.take(bytes);
    });
  }
  function report() {
    const page = own.get("report") || {};
    sheet?.remove();
    sheet = null;
    if (!page.title) return;
    const frame = page.html ? h("iframe", {title: page.title, sandbox: ""}) : h("p", {class: "busy", role: "status"}, page.said || "analysing …");
    if (page.html) frame.srcdoc = page.html;
    sheet = h("section", {class: "sheet-over pane", "aria-label": page.title}, h("div", {class: "head"}, h("h2", {class: "cut"}, page.title), h("button", {class: "second push", onclick: () => act("close_report")}, "close")), frame);
    main.append(sheet);
  }
  function keys(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event)) return;
    if (event.key === "?" || (event.key === "Escape" && outside.isHelping())) { event.preventDefault(); outside.help(); return; }
    if (outside.isHelping()) return;
    if (event.key === "Escape") { if (cover) over(null); else if (sheet) act("close_report"); return; }
    const all = streams(), at = all.findIndex((stream) => stream === chosen());
    if (event.key === "n") act("next_event");
    else if (event.key === "m" && at >= 0) act("mark", {key: all[at].key});
    else if (/^[1-9]$/.test(event.key) && all[Number(event.key) - 1]) act("select", {key: all[Number(event.key) - 1].key});
    else return;
    event.preventDefault();
  }

  const observer = new ResizeObserver(() => {
    const now = root.clientWidth <= NARROW_PX;
    if (now !== narrow) { narrow = now; draw(); }
  });
  observer.observe(root);
  window.addEventListener("keydown", keys);
  const dark = new MutationObserver(draw);
  dark.observe(root, {attributes: true, attributeFilter: ["data-theme"]});
  // while a strap streams into the buffer, the page asks for its connection again and again, not five times
  let stopped = false;
  const lost = (_, event) => { if (!stopped && event.timeout === null) setTimeout(() => { if (!stopped) event.reconnect(); }, RETRY_MS); };
  for (const page of window.Bokeh?.documents ?? []) page.on_event("connection_lost", lost);
  const pulse = setInterval(() => { if (performance.now() - heard > SILENT_MS && streams().length) draw(); }, 1000);
  const opening = requestAnimationFrame(() => outside.open());
  const stops = [watch(own, ["streams", "events", "why", "chosen", "records", "span_s"], draw), watch(own, ["block"], take), watch(own, ["acks"], acked), watch(own, ["report"], report)];
  draw();
  take();
  return () => {
    cancelAnimationFrame(opening);
    clearInterval(pulse);
    stopped = true;
    observer.disconnect();
    dark.disconnect();
    window.removeEventListener("keydown", keys);
    stops.forEach((stop) => stop());
    for (const feed of feeds.values()) feed.end();
    for (const { box, strap } of boxes.values()) { box.keep(); box.stop(); strap?.end(); }
    awake.end();
    outside.close();
  };
}

export default {render};
