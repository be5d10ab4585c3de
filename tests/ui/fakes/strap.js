// A Polar H10 that is not there: its services, its answers, and frames of an ECG that a test can compute.
(() => {
  const ecg = (k) => { const t = (k % 104) / 104; const bump = (c, w, a) => a * Math.exp(-(((t - c) / w) ** 2));
    return Math.round(bump(.2, .03, 120) + bump(.37, .008, -150) + bump(.4, .01, 1100) + bump(.43, .01, -250) + bump(.65, .06, 280)); };
  const strap = window.__strap = { number: 0, on: false, drop: false, written: [], frames: 0 };
  class Characteristic extends EventTarget {
    constructor(kind) { super(); this.kind = kind; }
    async startNotifications() { return this; }
    async readValue() { return new DataView(Uint8Array.of(82).buffer); }
    say(view) { this.value = view; this.dispatchEvent(new Event("characteristicvaluechanged")); }
    async writeValueWithResponse(bytes) {
      strap.written.push([...bytes]);
      if (bytes[0] === 2) { setTimeout(() => { this.say(new DataView(Uint8Array.of(0xf0, 2, 0, 0, 0).buffer)); strap.start(); }, 5); }
      if (bytes[0] === 3) strap.on = false;
    }
  }
  const parts = new Map();
  const part = (name) => { if (!parts.has(name)) parts.set(name, new Characteristic(name)); return parts.get(name); };
  const service = { getCharacteristic: async (name) => part(name) };
  const gatt = { connected: true, connect: async () => { if (strap.away) throw new Error("out of reach"); gatt.connected = true; return { getPrimaryService: async () => service }; }, disconnect() { gatt.connected = false; } };
  const device = Object.assign(new EventTarget(), { name: "Polar H10 FAKE", gatt });
  strap.frame = () => {
    const n = 73, view = new DataView(new ArrayBuffer(10 + 3 * n));
    view.setBigUint64(1, 599616000000000000n + BigInt(Math.round((strap.number + n) * 1e9 / 130)), true);
    for (let k = 0; k < n; k++) { const value = ecg(strap.number + k) & 0xffffff; view.setUint8(10 + 3 * k, value & 255); view.setUint8(11 + 3 * k, (value >> 8) & 255); view.setUint8(12 + 3 * k, value >> 16); }
    strap.number += n; strap.frames += 1;
    if (!strap.drop) part("fb005c82-02e7-f387-1cad-8acd2d8df0c8").say(view);
  };
  strap.start = () => { if (!strap.timer) { strap.on = true; strap.timer = setInterval(() => { if (strap.on) strap.frame(); }, 1000 * 73 / 130); } };
  strap.leave = () => { strap.away = true; strap.on = false; gatt.connected = false; device.dispatchEvent(new Event("gattserverdisconnected")); };
  Object.defineProperty(navigator, "bluetooth", { value: { requestDevice: async (asked) => { strap.asked = asked; return device; } } });
})();
