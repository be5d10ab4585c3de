// Samples on their way to the server: kept here until it says it has them, over a gap in the network of half an hour, and
// over a reload of the page or the end of its tab, for the same strap to go on where it was. Outside the page's memory it
// is kept sealed, or not at all.
const MOST = 130 * 60 * 30; // beyond that the oldest go, and the server shows a gap
const TURN_MS = 200;
const AGAIN_MS = 2000; // no word for this long: say it again
const EACH = 130 * 30; // most samples a message
const KEEP_MS = 1000;
const KEPT = "ecgomics-strap:";
const OLD_MS = 12 * 3600 * 1000;
const LEAVING = [[window, "pagehide"], [document, "visibilitychange"]];

export class Outbox {
  /** `send` takes {sender, rate, label, started, packets, battery, state, waiting}; it says whether somebody listens. */
  constructor({ rate, label, send, vault, sender = null, started = Date.now(), packets = [], acked = 0, mark = null }) {
    Object.assign(this, { rate, label, send, vault, started, packets, acked, mark });
    this.sender = sender || `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`;
    this.sent = acked; // number after the last sample sent since the last word
    this.said = -Infinity;
    this.count = packets.reduce((sum, packet) => sum + packet.values.length, 0);
    this.facts = { state: "lost", battery: null };
    this.news = true;
    this.timers = [setInterval(() => this.turn(), TURN_MS), setInterval(() => this.keep(), KEEP_MS)];
    this.away = () => this.keep("all");
    for (const [where, name] of LEAVING) where.addEventListener(name, this.away);
    this.claim();
  }

  /** Hold it as this tab's, so that another one does not send it too. */
  claim() {
    navigator.locks?.request(KEPT + this.sender, () => new Promise((resolve) => { this.release = resolve; }));
  }

  /** What earlier visits of this person left in this browser, held by no tab and not known here: newest first. */
  static async left({ send, vault, known }) {
    const found = [];
    for (const name of Object.keys(window.localStorage).filter((one) => one.startsWith(KEPT))) {
      let kept = null;
      try { kept = JSON.parse(window.localStorage.getItem(name)); } catch { /* not ours */ }
      if (!kept?.sealed || Date.now() - kept.at > OLD_MS) { window.localStorage.removeItem(name); continue; }
      if (known(name.slice(KEPT.length))) continue;
      const free = navigator.locks ? !(await navigator.locks.query()).held.some((lock) => lock.name === name) : true;
      const content = free ? await vault.unseal(kept) : null; // another person's stays sealed until it is old
      if (content) found.push(new Outbox({ ...content, send, vault }));
    }
    return found.sort((a, b) => b.started - a.started);
  }

  /** `mark` says where the strap is: {next, ns} after the last sample, so that a later visit can go on. */
  add(first, values, mark = null) {
    this.packets.push({ first, values });
    this.count += values.length;
    if (mark) this.mark = mark;
    while (this.count > MOST && this.packets.length > 1) this.count -= this.packets.shift().values.length;
    this.turn();
  }

  tell(facts) {
    Object.assign(this.facts, facts);
    this.news = true;
    this.turn();
  }

  waiting() { return this.count; }

  /** Share of the buffer that is taken, 0 to 1. */
  fill() { return this.count / MOST; }

  /** The server has everything before this number. */
  ack(next) {
    if (next < this.acked) return;
    this.acked = next;
    while (this.packets.length && this.packets[0].first + this.packets[0].values.length <= next) this.count -= this.packets.shift().values.length;
    this.turn();
  }

  /** Another server listens, or the same again: it may have nothing of what was under way. */
  again() {
    this.sent = this.acked;
    this.said = -Infinity;
    this.news = true;
    this.turn();
  }

  turn() {
    const now = performance.now();
    const head = this.packets.at(-1);
    const end = head ? head.first + head.values.length : 0;
    if (this.sent > this.acked && now - this.said > AGAIN_MS) this.sent = this.acked;
    if (!this.news && (end <= this.sent || this.sent - this.acked > 2 * EACH)) return;
    const packets = [];
    let count = 0;
    for (const packet of this.sent - this.acked > 2 * EACH ? [] : this.packets) { // it has enough to do
      if (packet.first + packet.values.length <= this.sent) continue;
      if (count + packet.values.length > EACH && count) break;
      packets.push(packet);
      count += packet.values.length;
    }
    const { sender, rate, label, started } = this;
    if (!this.send({ sender, rate, label, started, packets, waiting: this.waiting(), ...this.facts })) return;
    const last = packets.at(-1);
    if (last) this.sent = last.first + last.values.length;
    this.said = now;
    this.news = false;
  }

  /** Put it where a reload or another visit finds it; while the server listens the place is enough. */
  async keep(what = "some") {
    const { sender, rate, label, started, packets, acked, mark } = this;
    const end = packets.at(-1);
    const key = `${acked}|${end ? end.first : 0}|${mark?.next}`;
    if (this.stopped || !mark || (what === "some" && key === this.written)) return;
    const sealed = await this.vault.seal({ sender, rate, label, started, packets, acked, mark });
    if (!sealed || this.stopped) return;
    this.written = key;
    try { window.localStorage.setItem(KEPT + sender, JSON.stringify({ ...sealed, at: Date.now() })); } catch { /* private window, or full */ }
  }

  stop() {
    this.stopped = true;
    this.timers.forEach(clearInterval);
    for (const [where, name] of LEAVING) where.removeEventListener(name, this.away);
    window.localStorage.removeItem(KEPT + this.sender);
    this.release?.();
  }
}
