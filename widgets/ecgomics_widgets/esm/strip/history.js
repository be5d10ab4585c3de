// What can be undone: states before each change, and those undone again.

const KEPT = 200;

export class History {
  constructor() {
    this.clear();
  }

  clear() {
    this.past = [];
    this.future = [];
  }

  /** Remember the state before a change. */
  note(state) {
    this.past = [...this.past, state].slice(-KEPT);
    this.future = [];
  }

  /** The state to go back (or forth) to from `now`, or null. */
  step(back, now) {
    const [from, to] = back ? [this.past, this.future] : [this.future, this.past];
    if (!from.length) return null;
    to.push(now);
    return from.pop();
  }
}
