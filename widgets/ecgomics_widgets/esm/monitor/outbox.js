// Samples on their way to the server: kept here until it says it has them, over a network gap too, and in a reload's reach.
const MOST = 130 * 60 * 10; // ten minutes; beyond that the oldest go, and the server shows a gap
const TURN_MS = 200;
const AGAIN_MS = 2000; // no word for this long: say it again
const EACH = 130 * 30; // most samples a message
const KEPT = "ecgomics-outbox";

export class Outbox {
  /** `send` takes {sender, rate, label, started, packets, battery, state, waiting}. */
  constructor({ rate, label, send, sender = null, started = Date.now() }) {
    Object.assign(this, { rate, label, send, started });
    this.sender = sender || `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`;
    this.packets = []; // {first, values}, in order
    this.acked = 0;
    this.sent = 0; // number after the last sample sent since the last word
    this.said = 0;
    this.facts = { state: "connecting", battery: null };
    this.timer = setInterval(() => this.turn(), TURN_MS);
    this.away = () => this.keep();
    window.addEventListener("pagehide", this.away);
  }

  /** What another visit of this tab left unsent, as an outbox that only empties itself. */
  static left(send) {
    try {
      const kept = JSON.parse(window.sessionStorage.getItem(KEPT) || "null");
      window.sessionStorage.removeItem(KEPT);
      if (!kept?.packets?.length) return null;
      const box = new Outbox({ ...kept, send });
      box.packets = kept.packets;
      box.facts = { state: "ended", battery: null };
      return box;
    } catch { return null; }
  }

  add(first, values) {
    this.packets.push({ first, values });
    let waiting = this.waiting();
    while (waiting > MOST && this.packets.length > 1) waiting -= this.packets.shift().values.length;
  }

  tell(facts) {
    Object.assign(this.facts, facts);
    this.news = true;
    this.turn();
  }

  waiting() {
    return this.packets.reduce((sum, packet) => sum + packet.values.length, 0);
  }

  /** Share of the buffer that is taken, 0 to 1. */
  fill() {
    return this.waiting() / MOST;
  }

  /** The server has everything before this number. */
  ack(next) {
    if (next < this.acked) return;
    if (next > this.acked) this.heard = performance.now();
    this.acked = next;
    while (this.packets.length && this.packets[0].first + this.packets[0].values.length <= next) this.packets.shift();
  }

  turn() {
    const now = performance.now();
    const head = this.packets.at(-1);
    const end = head ? head.first + head.values.length : 0;
    const late = now - this.said > AGAIN_MS;
    if (!this.news && !(head && (end > this.sent || late))) return;
    const packets = [];
    let count = 0;
    for (const packet of this.packets) {
      if (count >= EACH) break;
      packets.push(packet);
      count += packet.values.length;
    }
    const last = packets.at(-1);
    this.sent = Math.max(last ? last.first + last.values.length : 0, late ? 0 : this.sent);
    this.said = now;
    this.news = false;
    this.send({ sender: this.sender, rate: this.rate, label: this.label, started: this.started, packets, waiting: this.waiting(), at: Date.now(), ...this.facts });
  }

  keep() {
    if (!this.packets.length) return;
    const { rate, label, sender, started, packets } = this;
    try { window.sessionStorage.setItem(KEPT, JSON.stringify({ rate, label, sender, started, packets })); } catch { /* private window */ }
  }

  end() {
    this.tell({ state: "ended" });
    window.removeEventListener("pagehide", this.away);
    this.closing = setInterval(() => { if (!this.packets.length) this.stop(); }, 1000);
  }

  stop() {
    clearInterval(this.timer);
    clearInterval(this.closing);
    window.removeEventListener("pagehide", this.away);
  }
}
