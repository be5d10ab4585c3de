// The page's own line to its server: values come down, what a person does goes up. After a cut it opens again by itself,
// and the page stays what it is: a strap that the browser holds is not let go.
const RETRY_MS = [250, 500, 1000, 2000, 4000];
const SILENT_MS = 3000; // a line that says nothing for this long is cut
const LOOK_MS = 500;
const MOST_HELD = 100;
const SIGNED_OUT = 4401;

export class Wire {
  /** `values` are what the page starts with; `onBytes` takes each piece of a binary message. */
  constructor(address, { values, onBytes }) {
    Object.assign(this, { address, values: { ...values }, onBytes });
    this.ears = new Map();
    this.held = []; // what was done while nobody listened and is still true later
    this.tries = 0;
    this.state = "opening";
    this.since = performance.now(); // of the state
    this.heard = performance.now();
    this.hurry = () => { if (this.state === "away" && document.visibilityState === "visible") { clearTimeout(this.timer); this.open(); } };
    for (const [where, name] of [[window, "online"], [document, "visibilitychange"]]) where.addEventListener(name, this.hurry);
    this.pulse = setInterval(() => this.look(), LOOK_MS);
    this.open();
  }

  get(name) { return this.values[name]; }

  set(name, value) {
    this.values[name] = value;
    (this.changed ??= {})[name] = value;
  }

  save_changes() {
    const { event, ...rest } = this.changed ?? {};
    this.changed = null;
    if (event) {
      const { before, source, serial, ...what } = event;
      this.send({ event: what }, what.type === "mark" ? "keep" : "drop");
    }
    this.fire(Object.keys(rest));
  }

  on(name, ear) { this.ears.set(name, [...(this.ears.get(name) ?? []), ear]); }

  off(name, ear) { this.ears.set(name, (this.ears.get(name) ?? []).filter((one) => one !== ear)); }

  fire(names) { for (const name of names) for (const ear of this.ears.get(name.startsWith("change:") ? name : `change:${name}`) ?? []) ear(); }

  update(news) {
    Object.assign(this.values, news);
    this.fire(Object.keys(news));
  }

  /** Say something to the server; whether it was said. */
  send(message, otherwise = "drop") {
    if (this.state !== "open") {
      if (otherwise === "keep" && this.held.length < MOST_HELD) this.held.push(message);
      return false;
    }
    this.socket.send(JSON.stringify(message));
    return true;
  }

  /** Time without the server, s; 0 while it is there. */
  awayS() {
    return this.state === "open" ? 0 : (performance.now() - this.since) / 1000;
  }

  // --- the line itself ------------------------------------------------------------------------------------------------

  open() {
    clearTimeout(this.timer);
    if (this.ended) return;
    const socket = new WebSocket(this.address);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.heard = performance.now();
    socket.onmessage = ({ data }) => { if (socket === this.socket) this.take(data); };
    socket.onclose = ({ code }) => { if (socket === this.socket) this.cut(code); };
  }

  take(data) {
    this.heard = performance.now();
    if (this.state !== "open") this.begin();
    if (typeof data === "string") {
      const { set } = JSON.parse(data);
      if (set) this.update(set);
      return;
    }
    const view = new DataView(data);
    for (let at = 0; at < data.byteLength;) {
      const length = view.getUint32(at, true);
      this.onBytes(new Uint8Array(data, at + 4, length));
      at += 4 + length;
    }
  }

  begin() {
    this.tries = 0;
    this.become("open");
    for (const message of this.held.splice(0)) this.send(message);
  }

  become(state) {
    if (state === this.state) return;
    if (this.state === "open" || state === "open") this.since = performance.now();
    this.state = state;
    this.fire(["line"]);
  }

  cut(code) {
    this.socket = null;
    this.become(code === SIGNED_OUT ? "signed out" : "away");
    const wait = code === SIGNED_OUT ? RETRY_MS.at(-1) : RETRY_MS[Math.min(this.tries, RETRY_MS.length - 1)];
    this.tries += 1;
    this.timer = setTimeout(() => this.open(), wait);
  }

  look() {
    if (!this.socket || performance.now() - this.heard < SILENT_MS) return;
    const gone = this.socket;
    this.cut(0);
    gone.close();
  }

  end() {
    this.ended = true;
    clearInterval(this.pulse);
    clearTimeout(this.timer);
    for (const [where, name] of [[window, "online"], [document, "visibilitychange"]]) where.removeEventListener(name, this.hurry);
    this.socket?.close();
  }
}
