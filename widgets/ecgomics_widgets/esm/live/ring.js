// The last minutes of a stream: samples by their number since it began, so that what comes twice is kept once and what
// never came stays a gap.

const GAP = -32768;

export class Ring {
  constructor(seconds) {
    this.seconds = seconds;
    this.id = null;
    this.leads = [];
    this.head = 0; // number of the sample after the last
    this.tail = 0; // of the first one kept
  }

  /** Take a message in; true when it belongs to another stream than before. */
  take(message) {
    const fresh = message.id !== this.id;
    if (fresh) {
      this.id = message.id;
      this.leads = message.leads;
      this.rate = message.rate;
      this.size = Math.ceil(this.seconds * this.rate);
      this.rows = message.leads.map(() => new Float32Array(this.size).fill(NaN));
      this.head = this.tail = message.first;
    }
    const { first, count, scale, offset } = message;
    const { values } = message.arrays;
    if (first > this.head) this.blank(this.head, first);
    this.rows.forEach((row, l) => {
      for (let k = Math.max(0, count - this.size); k < count; k++) {
        const raw = values[l * count + k];
        const place = (first + k) % this.size;
        const value = raw === GAP ? NaN : raw * scale[l] + offset[l];
        if (first + k >= this.head || Number.isFinite(value)) row[place] = value;
      }
    });
    this.head = Math.max(this.head, first + count);
    this.tail = Math.max(this.tail, this.head - this.size);
    return fresh;
  }

  blank(from, to) {
    for (const row of this.rows) for (let i = Math.max(from, to - this.size); i < to; i++) row[i % this.size] = NaN;
  }

  at(l, number) {
    return number >= this.tail && number < this.head ? this.rows[l][((number % this.size) + this.size) % this.size] : NaN;
  }

  /** Median of the last seconds of a lead: its zero, so that an electrode's offset does not carry it off the paper. */
  level(l, seconds = 4) {
    const some = [];
    const step = Math.max(1, Math.floor((seconds * this.rate) / 400));
    for (let i = Math.max(this.tail, this.head - Math.round(seconds * this.rate)); i < this.head; i += step) {
      const value = this.at(l, i);
      if (Number.isFinite(value)) some.push(value);
    }
    some.sort((a, b) => a - b);
    return some.length ? some[some.length >> 1] : null;
  }
}
