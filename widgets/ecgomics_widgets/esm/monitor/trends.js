// Trends of the chosen stream: the trend plot as every page has it, fetched when a desk is there to show it.
import { h } from "../dom.js";

export class Trends {
  constructor() {
    this.el = h("div", { class: "slot fill" });
    this.values = { rows: null, shades: [], start: "", view: null, window: null, cursor_s: null, title: "Trends", about: "", aside: "", message: "Trends begin after ten seconds.", theme: "auto", event: {} };
    this.ears = new Map();
    this.model = {
      get: (name) => this.values[name],
      set: (name, value) => this.update({ [name]: value }),
      save_changes: () => {},
      on: (name, ear) => this.ears.set(name, [...(this.ears.get(name) ?? []), ear]),
      off: (name, ear) => this.ears.set(name, (this.ears.get(name) ?? []).filter((one) => one !== ear)),
    };
  }

  async open() {
    if (this.opened) return;
    this.opened = true;
    try {
      const { default: widget } = await import("/monitor/trends.js");
      widget.render({ model: this.model, el: this.el });
    } catch { this.opened = false; /* the server is away, and this was never asked for before: next time */ }
  }

  update(news) {
    Object.assign(this.values, news);
    for (const name of Object.keys(news)) for (const ear of this.ears.get(`change:${name}`) ?? []) ear();
  }

  tell({ start = "", about = "" }) { this.update({ start, about }); }

  take(rows) { this.update({ rows }); }
}
