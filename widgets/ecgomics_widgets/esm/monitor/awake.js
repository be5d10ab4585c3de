// Keeps a screen lit while somebody watches; where the browser cannot, nothing happens.
export class Awake {
  constructor() {
    this.again = () => { if (this.wanted && document.visibilityState === "visible") this.ask(); };
    document.addEventListener("visibilitychange", this.again);
  }

  want(on) {
    if (on === this.wanted) return;
    this.wanted = on;
    if (on) this.ask();
    else { this.lock?.release?.().catch(() => {}); this.lock = null; }
  }

  async ask() {
    try { this.lock = await navigator.wakeLock?.request("screen"); } catch { this.lock = null; /* low battery, or not visible */ }
  }

  end() {
    this.want(false);
    document.removeEventListener("visibilitychange", this.again);
  }
}
