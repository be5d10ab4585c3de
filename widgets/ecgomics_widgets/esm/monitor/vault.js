// What a browser keeps of a strap is sealed (AES-GCM) with a key of the person's, which the server gives: storage alone
// tells nobody anything. The key stays in the tab over a reload, for the page to go on while the server is away.
const KEY = "ecgomics-strap-key";
const AT_ONCE = 0x8000;

const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

function textOf(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += AT_ONCE) text += String.fromCharCode(...bytes.subarray(at, at + AT_ONCE));
  return btoa(text);
}

export class Vault {
  constructor() {
    this.said = "";
    this.key = null;
    try { this.ready = this.open(sessionStorage.getItem(KEY) || ""); } catch { this.ready = Promise.resolve(false); }
  }

  /** Take a key (base64); whether there is another one than before. */
  async open(text) {
    if (!text || text === this.said || !globalThis.crypto?.subtle) return false;
    this.said = text;
    this.key = await crypto.subtle.importKey("raw", bytesOf(text), "AES-GCM", false, ["encrypt", "decrypt"]);
    try { sessionStorage.setItem(KEY, text); } catch { /* private window: until the page is closed */ }
    return true;
  }

  /** The person has signed out: this page goes on sealing what it holds, the next one asks for the key. */
  forget() {
    try { sessionStorage.removeItem(KEY); } catch { /* nothing was kept */ }
  }

  /** Something as text that only this key reads; nothing without a key. */
  async seal(what) {
    if (!this.key) return null;
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, this.key, new TextEncoder().encode(JSON.stringify(what)));
    return { iv: textOf(iv), sealed: textOf(new Uint8Array(sealed)) };
  }

  /** What was sealed; nothing when it was by another key. */
  async unseal({ iv, sealed }) {
    if (!this.key) return null;
    try {
      const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv: bytesOf(iv) }, this.key, bytesOf(sealed));
      return JSON.parse(new TextDecoder().decode(plain));
    } catch { return null; }
  }
}
