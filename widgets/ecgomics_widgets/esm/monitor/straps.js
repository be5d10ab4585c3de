// The straps this browser holds: each with what it has still to send, and a place to go on from after a reload.
import { RATE, Strap } from "./bluetooth.js";
import { Outbox } from "./outbox.js";
import { Vault } from "./vault.js";

const GO_ON_MS = 12 * 3600 * 1000;
export const LEAD = "chest strap";

export class Straps {
  /** `send` gives a message to the server and says whether it went; `onSamples` draws; `onChange` is told of the rest. */
  constructor({ send, onSamples, onChange }) {
    Object.assign(this, { send, onSamples, onChange });
    this.held = new Map(); // sender → {box, strap, state, battery, since}
    this.vault = new Vault();
    this.ready = this.vault.ready.then((open) => (open ? this.find() : null));
  }

  /** The person's key has come: what earlier visits left can be read. */
  async unlock(key) {
    if (!(await this.vault.open(key))) return;
    this.ready = this.find();
  }

  async find() {
    const boxes = await Outbox.left({ send: this.send, vault: this.vault, known: (sender) => this.held.has(sender) });
    for (const box of boxes) this.held.set(box.sender, { box, strap: null, state: "lost", since: performance.now(), kept: true });
    this.onChange();
  }

  /** Ask the person for a strap; what went wrong in words, or nothing. */
  async connect() {
    await this.ready;
    let entry = null;
    const strap = new Strap({
      onSamples: (first, values, mark) => {
        if (!entry) return;
        entry.box.add(first, values, mark);
        entry.came = performance.now();
        this.onSamples(entry.box.sender, first, values);
      },
      onState: ({ state, battery, name }) => {
        entry ??= this.adopt(strap, name);
        if (state !== entry.state) entry.since = performance.now();
        Object.assign(entry, { state, battery });
        entry.box.tell({ state, battery });
        this.onChange();
      },
    });
    strap.onName = (name) => { entry = this.adopt(strap, name); };
    try {
      await strap.connect();
      return "";
    } catch (error) {
      await strap.end();
      if (error?.name === "NotFoundError") return "No strap was chosen.";
      return `The strap did not answer: ${error?.message || error}. Wet the electrodes, keep it on, and try again.`;
    }
  }

  /** The stream of a strap: the one an earlier visit of this browser left, or a new one. */
  adopt(strap, name) {
    const now = Date.now();
    const before = [...this.held.values()].find((one) => !one.strap && one.box.label === name && one.box.mark && now - one.box.mark.at < GO_ON_MS);
    if (before) {
      strap.goOn(before.box.mark);
      Object.assign(before, { strap, kept: false });
      return before;
    }
    const entry = { box: new Outbox({ rate: RATE, label: name, send: this.send, vault: this.vault }), strap, state: "connecting", since: performance.now() };
    this.held.set(entry.box.sender, entry);
    return entry;
  }

  acked(acks) {
    for (const [sender, next] of Object.entries(acks || {})) {
      if (next < 0) this.drop(sender);
      else this.held.get(sender)?.box.ack(next);
    }
  }

  /** The line to the server is there again. */
  again() {
    for (const { box } of this.held.values()) box.again();
  }

  drop(sender) {
    const entry = this.held.get(sender);
    if (!entry) return;
    this.held.delete(sender);
    entry.strap?.end();
    entry.box.stop();
    this.onChange();
  }

  /** Straps that draw here: what comes of them need not come back from the server. */
  drawing() {
    return [...this.held].filter(([, entry]) => entry.strap).map(([sender]) => sender);
  }

  /** What the page can say of a stream this browser holds, whether or not the server says anything. */
  told(stream) {
    const entry = this.held.get(stream.sender);
    if (!entry) return stream;
    const lost = entry.state !== "connected";
    const since_s = (performance.now() - entry.since) / 1000;
    const said = lost ? { lost, rate: null, state_text: entry.strap ? "strap out of reach" : "strap not connected", since_s } : { lost };
    const delay_s = lost ? null : Math.max(0, (performance.now() - (entry.came ?? performance.now())) / 1000);
    return { ...stream, ...said, delay_s, battery: entry.battery ?? stream.battery, again: !entry.strap, fill: entry.box.waiting() > RATE * 3 ? entry.box.fill() : 0 };
  }

  /** Streams that the server does not know (yet): as the page shows them without it. */
  alone(known) {
    return [...this.held].filter(([sender, entry]) => entry.strap && !known.has(sender)).map(([sender, entry]) => ({
      key: sender, sender, name: entry.box.label, owner: null, hz: RATE, leads: [LEAD], lead: LEAD, gain: 15, rate: null, rate_state: "in", rhythm: "", tone: "plain", quality: null,
      battery: entry.battery ?? null, lost: false, state_text: "", since_s: null, delay_s: null, recording: false, recorder: "", recorded_s: 0, recorded: "", saved: "", origin: "", provenance: "recorded",
      gap_text: "", start: "", beats: [], spans: [], lately: [], rmssd: null,
    }));
  }
}
