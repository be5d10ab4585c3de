// A Polar H10 strap over Web Bluetooth, by its maker's public description of the PMD service: 130 Hz, one lead, µV.
const SERVICE = "fb005c80-02e7-f387-1cad-8acd2d8df0c8";
const CONTROL = "fb005c81-02e7-f387-1cad-8acd2d8df0c8";
const DATA = "fb005c82-02e7-f387-1cad-8acd2d8df0c8";
const ECG = 0x00;
const START = Uint8Array.of(0x02, ECG, 0x00, 0x01, 130, 0x00, 0x01, 0x01, 14, 0x00); // 130 Hz, 14 bits
const STOP = Uint8Array.of(0x03, ECG);
const ANSWER = 0xf0;
const ALREADY = 6; // the stream runs from before: as good as started
const HEAD = 10;
export const RATE = 130;
const HOLE_S = 0.05; // a strap's clock farther ahead than this lost samples
const AGAIN_S = 60; // a clock back by less than this is a frame that came twice
const LONGEST_S = 12 * 3600; // farther on or back it is no longer the same clock
const RETRY_MS = [500, 1000, 2000, 4000, 8000];

/** Whether this browser can reach a strap at all, in words when it cannot. */
export function cannot() {
  if (navigator.bluetooth?.requestDevice) return "";
  return window.isSecureContext ? "This browser has no Web Bluetooth: use Chrome or Edge on Android, Windows, macOS or Linux." : "Bluetooth needs a secure page: open it over https or on localhost.";
}

/** One data frame: {ns, values} with the strap's time of the last sample and µV, or null for what is no ECG. */
export function decode(view) {
  if (view.byteLength < HEAD + 3 || view.getUint8(0) !== ECG || (view.getUint8(9) & 0x7f) !== 0) return null;
  const values = [];
  for (let at = HEAD; at + 3 <= view.byteLength; at += 3) {
    const raw = view.getUint8(at) | (view.getUint8(at + 1) << 8) | (view.getUint8(at + 2) << 16);
    values.push((raw << 8) >> 8);
  }
  return { ns: view.getBigUint64(1, true), values };
}

/** A strap: `connect` asks the person, then samples come numbered, with what was lost left out of the numbers. */
export class Strap {
  constructor({ onSamples, onState }) {
    this.onSamples = onSamples;
    this.onState = onState;
    this.next = 0; // number of the sample to come
    this.last = null; // strap's time of the last sample, ns
    this.at = null; // ours then, ms
    this.fresh = true; // nothing came since it was opened
    this.frame = (event) => this.take(event.target.value);
    this.gone = () => this.retry();
  }

  async connect() {
    this.device = await navigator.bluetooth.requestDevice({ filters: [{ namePrefix: "Polar H10" }], optionalServices: [SERVICE, "battery_service"] });
    this.wanted = true;
    this.onName?.(this.device.name || "strap");
    this.device.addEventListener("gattserverdisconnected", this.gone);
    await this.open();
  }

  async open() {
    this.fresh = true;
    const server = await this.device.gatt.connect();
    const service = await server.getPrimaryService(SERVICE);
    this.control = await service.getCharacteristic(CONTROL);
    const data = await service.getCharacteristic(DATA);
    const answered = new Promise((resolve, reject) => {
      this.answer = (event) => {
        const view = event.target.value;
        if (view.byteLength < 4 || view.getUint8(0) !== ANSWER || view.getUint8(1) !== START[0]) return;
        const code = view.getUint8(3);
        if (code === 0 || code === ALREADY) resolve();
        else reject(new Error(`the strap refused to stream (code ${code})`));
      };
    });
    answered.catch(() => {});
    this.control.addEventListener("characteristicvaluechanged", this.answer);
    await this.control.startNotifications();
    data.addEventListener("characteristicvaluechanged", this.frame);
    await data.startNotifications();
    await this.control.writeValueWithResponse(START);
    await answered;
    await this.charge(server);
    this.state("connected");
  }

  async charge(server) {
    try {
      const cell = await (await server.getPrimaryService("battery_service")).getCharacteristic("battery_level");
      this.battery = (await cell.readValue()).getUint8(0);
      cell.addEventListener("characteristicvaluechanged", (event) => { this.battery = event.target.value.getUint8(0); this.state(this.now); });
      await cell.startNotifications();
    } catch { this.battery = this.battery ?? null; /* a strap that does not tell its charge still streams */ }
  }

  /** Go on counting where an earlier visit of this strap stopped: {next, ns, at}. */
  goOn({ next, ns, at }) {
    Object.assign(this, { next, last: BigInt(ns), at });
  }

  take(view) {
    const frame = decode(view);
    if (!frame || !frame.values.length) return;
    if (this.last !== null) {
      const passed = Number(frame.ns - this.last) / 1e9;
      if (passed <= 0 && passed > -AGAIN_S && !this.fresh) return;
      // a strap that was without power starts its clock anew: then ours says how long it was away
      const by = passed > 0 && passed < LONGEST_S ? passed : (Date.now() - this.at) / 1000;
      const missing = by - frame.values.length / RATE;
      if (missing > HOLE_S) this.next += Math.round(missing * RATE);
    }
    [this.last, this.at, this.fresh] = [frame.ns, Date.now(), false];
    const first = this.next;
    this.next += frame.values.length;
    this.onSamples(first, frame.values, { next: this.next, ns: String(frame.ns), at: this.at });
  }

  state(now) {
    this.now = now;
    this.onState({ state: now, battery: this.battery ?? null, name: this.device?.name || "strap" });
  }

  async retry() {
    if (!this.wanted) return;
    this.state("lost");
    for (let turn = 0; this.wanted; turn++) {
      await new Promise((resolve) => { setTimeout(resolve, RETRY_MS[Math.min(turn, RETRY_MS.length - 1)]); });
      try {
        if (this.wanted) await this.open();
        return;
      } catch { /* out of reach still: try again */ }
    }
  }

  async end() {
    this.wanted = false;
    this.device?.removeEventListener("gattserverdisconnected", this.gone);
    try { await this.control?.writeValueWithResponse(STOP); } catch { /* it is gone already */ }
    if (this.device?.gatt?.connected) this.device.gatt.disconnect();
  }
}
