// The elements around the canvas: buttons, the line that says what is shown, help. All text, all reachable by keyboard.

import { clock, rangeText, scaleText } from "./words.js";

const CSS = `
.ecg-strip{position:relative;display:flex;flex-direction:column;box-sizing:border-box;width:100%;height:100%;min-height:120px;
 overflow:hidden;font:13px/1.35 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;font-variant-numeric:tabular-nums;
 background:var(--panel);color:var(--ink);border:1px solid var(--line);border-radius:8px;outline:none;user-select:none;-webkit-user-select:none}
.ecg-strip:focus-visible{border-color:var(--accent);box-shadow:inset 0 0 0 1px var(--accent)}
.ecg-strip .bar{display:flex;align-items:center;gap:8px;padding:6px 8px;border-bottom:1px solid var(--line);flex:none;min-width:0}
.ecg-strip .tools{display:flex;flex-wrap:wrap;gap:4px 8px;min-width:0;margin-left:auto;justify-content:flex-end}
.ecg-strip .group.more{display:none}
.ecg-strip .bar[hidden],.ecg-strip .bar button[hidden],.ecg-strip .bar .group[hidden],.ecg-strip .map[hidden],.ecg-strip .help[hidden],.ecg-strip .note[hidden],.ecg-strip [data-face][hidden]{display:none}
.ecg-strip .title{font-weight:600;margin-right:auto;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;min-width:0;flex:0 0 auto;max-width:32%}
.ecg-strip .group{display:inline-flex;border:1px solid var(--line);border-radius:8px;overflow:hidden}
.ecg-strip button{font:inherit;font-size:12px;color:var(--ink);background:var(--panel);border:0;min-height:28px;min-width:28px;padding:2px 8px;cursor:pointer;white-space:nowrap}
.ecg-strip .group button+button{border-left:1px solid var(--line)}
.ecg-strip button:hover{background:var(--ground)}
.ecg-strip button[aria-pressed=true]{background:var(--ink);color:var(--panel);font-weight:600}
.ecg-strip button:focus-visible{outline:2px solid var(--accent);outline-offset:-2px}
.ecg-strip .plot{position:relative;flex:1 1 0;min-height:80px;touch-action:none;cursor:grab}
.ecg-strip .plot.scrolls-page{touch-action:pan-y}
.ecg-strip .plot.dragging{cursor:grabbing}.ecg-strip .plot.measuring{cursor:crosshair}
.ecg-strip .plot canvas{position:absolute;inset:0;width:100%;height:100%;display:block}
.ecg-strip .map{flex:none;height:30px;width:100%;display:block;border-top:1px solid var(--line);cursor:pointer;touch-action:none}
.ecg-strip .face{display:flex;gap:0 12px;align-items:center;padding:4px 8px;height:20px;font-size:12px;color:var(--muted);white-space:nowrap;
 overflow:hidden;border-top:1px solid var(--line);flex:none;box-sizing:content-box}
.ecg-strip .face .badge{border:1px solid var(--line);border-radius:8px;padding:0 7px;color:var(--ink)}
.ecg-strip .face .badge.envelope{border-style:dashed;border-color:var(--muted)}
.ecg-strip .face .badge.synthetic{background:var(--ink);color:var(--panel);border-color:var(--ink);font-weight:600}
.ecg-strip .face .reading{margin-left:auto;color:var(--ink);text-align:right}
.ecg-strip .note{position:absolute;inset:0;display:flex;align-items:center;justify-content:center;padding:16px;text-align:center;color:var(--muted);pointer-events:none}
.ecg-strip .help{position:absolute;inset:8px;margin:auto;width:fit-content;height:fit-content;max-width:calc(100% - 16px);max-height:calc(100% - 16px);
 overflow:auto;background:var(--panel);color:var(--ink);border:1px solid var(--muted);border-radius:8px;padding:12px 16px;z-index:2;box-sizing:border-box}
.ecg-strip .help dl{display:grid;grid-template-columns:auto 1fr;gap:2px 16px;margin:0}
.ecg-strip .help dt{font-weight:600;white-space:nowrap}.ecg-strip .help dd{margin:0}
.ecg-strip .jump{position:absolute;top:8px;left:50%;transform:translateX(-50%);z-index:2;display:flex;gap:8px;align-items:center;background:var(--panel);border:1px solid var(--muted);border-radius:8px;padding:6px 10px}
.ecg-strip .jump[hidden]{display:none}.ecg-strip .jump input{font:inherit;width:9em;color:var(--ink);background:var(--ground);border:1px solid var(--muted);border-radius:6px;padding:4px 6px}
.ecg-strip .plot.moving{cursor:ew-resize}
.ecg-strip .aside{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.ecg-strip.narrow .bar{flex-direction:column;align-items:stretch;gap:4px}
.ecg-strip.narrow .title:empty{display:none}
.ecg-strip.narrow .tools{margin:0;justify-content:flex-start}.ecg-strip.narrow .group{flex:none}
.ecg-strip.narrow .group.more{display:inline-flex;margin-left:auto}.ecg-strip.narrow .bar:not(.open) .extra{display:none}
.ecg-strip.tight .title,.ecg-strip:not(.tight) .face [data-face=title]{display:none}
.ecg-strip .face [data-face=title]{overflow:hidden;text-overflow:ellipsis;max-width:30%}
.ecg-strip.tight .group.more{display:inline-flex}.ecg-strip.tight .bar:not(.open) .rare,.ecg-strip.tighter .bar:not(.open) .seldom{display:none}
.ecg-strip .pop{position:absolute;top:8px;right:8px;z-index:3;max-width:calc(100% - 16px);max-height:calc(100% - 16px);overflow:auto;box-sizing:border-box;background:var(--panel);border:1px solid var(--muted);border-radius:8px;padding:8px 10px}
.ecg-strip .pop[hidden]{display:none}.ecg-strip .pop label{display:flex;gap:8px;align-items:center;padding:4px 2px;cursor:pointer;white-space:nowrap}
.ecg-strip .pop .ends{display:flex;gap:6px;border-top:1px solid var(--line);margin-top:6px;padding-top:6px}
.ecg-strip .pop button,.ecg-strip .face button{border:1px solid var(--line);border-radius:6px}
.ecg-strip .pop input[type=checkbox]{accent-color:var(--accent);width:16px;height:16px;margin:0}
.ecg-strip .pop .list{display:flex;flex-direction:column;gap:2px;min-width:160px}.ecg-strip .pop .list button{text-align:left;border:0;white-space:normal}
.ecg-strip .pop .quiet{color:var(--muted);font-size:12px}
.ecg-strip form.pop{left:8px;right:8px;margin:0 auto;max-width:440px;display:flex;flex-wrap:wrap;gap:6px 8px;align-items:center}.ecg-strip form.pop[hidden]{display:none}
.ecg-strip form.pop input{flex:1 1 200px;min-width:0;font:inherit;color:var(--ink);background:var(--ground);border:1px solid var(--muted);border-radius:6px;padding:6px 8px}
.ecg-strip .face button{min-height:20px;padding:0 6px;font-size:12px;color:var(--ink)}
.ecg-strip .bar button:disabled{opacity:.35;cursor:default}
.ecg-strip.narrow .face{flex-wrap:wrap;height:auto;min-height:40px;align-content:space-between}.ecg-strip.narrow .face .reading{order:-1;flex:0 1 auto}
.ecg-strip.narrow .face [data-face=synthetic],.ecg-strip.narrow .face [data-face=kind],.ecg-strip.narrow .face [data-face=range]{order:-2}
@media (pointer:coarse){.ecg-strip button{min-height:36px;min-width:36px}}
`;

const KEYS = [
  ["← →", "a beat back, forward"], ["Shift ← →", "a screen"], ["Home End", "start, end"], ["↑ ↓", "previous, next record"],
  ["n N", "next, previous finding or line of feedback"], ["+ −", "zoom"], ["0", "true scale"], ["f", "fit"], ["1 2 3 4", "12×1, 6×2, 3×4 + rhythm, single lead"],
  ["c", "calipers: drag to measure"], ["m", "marks and beats"], ["l", "layers: what is laid over the trace"], ["x X", "next, previous ectopic beat"],
  ["a", "note at the cursor, or on the chosen caliper's stretch"], ["d D", "compare: overlay, side by side, beats; align at R or QRS onset"],
  ["Space", "play, pause"], ["< >", "slower, faster (1× to 16×)"], ["g", "go to a time"], ["e", "edit marks: drag, or ← → once chosen"],
  ["Delete", "a chosen caliper away; a chosen mark back to the machine's (Shift: all)"], ["Enter", "with calipers on: a new one"],
  ["← → ↑ ↓", "with calipers on: move the chosen edge (Shift: ten times)"], ["o  [ ]  w  t", "other edge; other caliper; march out; its label"],
  ["z Z", "undo, redo"], ["p", "copy as picture"], ["Esc", "leave"], ["?", "this list"],
];

export const LAYERS = [["spans", "findings' evidence"], ["marks", "marks of waves"], ["beats", "beats by class"], ["quality", "signal not to be trusted"], ["notes", "notes"]];

const BUTTONS = `
<span class="title" data-title></span><div class="tools">
<span class="group" role="group" aria-label="Layout">
<button data-layout="12x1" title="Every lead in a row of its own (1)">12×1</button>
<button data-layout="6x2" title="Six rows, two columns (2)">6×2</button>
<button data-layout="3x4+R" title="Three rows, four columns and a rhythm row (3)">3×4+R</button>
<button data-layout="1" aria-label="1 lead alone" title="The rhythm lead alone (4)">1</button></span>
<span class="group extra" role="group" aria-label="Scale"><button data-do="speed" title="Paper speed">25 mm/s</button><button data-do="gain" title="Gain">10 mm/mV</button></span>
<span class="group" role="group" aria-label="Measure"><button data-do="calipers" title="Measure by dragging (c)">calipers</button><button data-do="label" title="What the chosen caliper measures (t)" hidden>label</button></span>
<span class="group extra" role="group" aria-label="Marks"><button data-do="marks" title="Marks and beats (m)">marks</button><button data-do="edit" title="Move marks by dragging (e)">edit</button><button data-do="note" title="Write a note (a)">note</button><button data-do="layers" aria-haspopup="dialog" title="What is laid over the trace (l)">layers</button></span>
<span class="group extra" role="group" aria-label="Compare" data-group="compare" hidden><button data-compare="off" title="The first recording alone (d)">one</button><button data-compare="overlay" title="The second under the first (d)">overlay</button><button data-compare="beside" title="Side by side (d)">beside</button><button data-compare="beats" title="Representative beats and their difference (d)">beats</button></span>
<span class="group extra rare" role="group" aria-label="Play"><button data-do="play" aria-label="Play" title="Play, pause (Space)">▶</button><button data-do="rate" aria-label="1× speed of play" title="Speed of play (&lt; &gt;)">1×</button></span>
<span class="group extra rare" role="group" aria-label="Export"><button data-do="picture" title="Copy as picture (p)">PNG</button><button data-do="svg" title="Vector drawing, true to scale">SVG</button><button data-do="pdf" title="Page, true to scale">PDF</button></span>
<span class="group extra seldom" role="group" aria-label="Zoom"><button data-do="out" aria-label="Zoom out" title="Zoom out (−)">−</button>
<button data-do="true" title="True scale (0)">1:1</button><button data-do="fit" title="Fit (f)">fit</button>
<button data-do="in" aria-label="Zoom in" title="Zoom in (+)">+</button></span>
<span class="group extra rare"><button data-do="help" aria-label="Keys" title="Keys (?)">?</button></span>
<span class="group more"><button data-more aria-label="More tools" aria-expanded="false">⋯</button></span></div>`;

const POPS = `<div class="pop" data-pop="layers" role="dialog" aria-label="Layers" hidden></div>
<div class="pop" data-pop="list" role="dialog" aria-label="Labels without room" hidden></div>
<form class="pop" data-pop="note" aria-label="Note" hidden><input aria-label="Note" maxlength="500" placeholder="what you see"><button type="submit">keep</button>
<button type="button" data-note="remove">remove</button><span class="quiet" data-note="place"></span></form>`;

export class Face {
  constructor(el, act) {
    this.act = act;
    this.root = document.createElement("div");
    this.root.className = "ecg-strip";
    this.root.tabIndex = 0;
    this.root.setAttribute("role", "application");
    this.root.setAttribute("aria-roledescription", "ECG strip");
    this.root.setAttribute("data-lm-suppress-shortcuts", "true"); // JupyterLab's own keys stay out of it
    this.root.innerHTML = `<style>${CSS}</style><div class="bar" role="toolbar" aria-label="Strip">${BUTTONS}</div>
<div class="plot"><canvas aria-hidden="true"></canvas><div class="note" hidden></div>
<div class="help" role="dialog" aria-label="Keys" tabindex="-1" hidden><dl>${KEYS.map(([k, v]) => `<dt>${k}</dt><dd>${v}</dd>`).join("")}</dl></div>${POPS}
<form class="jump" hidden><label>Go to <input aria-label="Time, in seconds or h:mm:ss" placeholder="s or h:mm:ss"></label></form></div>
<canvas class="map" aria-hidden="true" hidden></canvas>
<div class="face"><span class="badge synthetic" data-face="synthetic">synthetic</span><span class="badge" data-face="kind"></span>
<span data-face="title"></span><span data-face="range"></span><span data-face="scale"></span><span data-face="columns"></span><span data-face="compared"></span><button type="button" data-face="hidden" aria-haspopup="dialog"></button>
<span class="reading" data-face="reading"></span></div><div class="aside" aria-live="polite"></div>`;
    const find = (selector) => this.root.querySelector(selector);
    Object.assign(this, {
      bar: find(".bar"), plot: find(".plot"), canvas: find(".plot canvas"), map: find(".map"), note: find(".note"),
      help: find(".help"), aside: find(".aside"), jump: find(".jump"), title: find("[data-title]"),
    });
    this.forms = { note: find("[data-pop=note]") };
    this.pops = Object.fromEntries([...this.root.querySelectorAll("[data-pop]")].map((e) => [e.dataset.pop, e]));
    this.faces = Object.fromEntries([...this.root.querySelectorAll("[data-face]")].map((e) => [e.dataset.face, e]));
    this.texts = new Map();
    this.bar.addEventListener("click", (event) => this.click(event.target.closest("button")));
    this.bar.addEventListener("keydown", (event) => this.walk(event));
    this.faces.hidden.addEventListener("click", () => act("unlabelled"));
    for (const name of ["layers", "list"]) this.pops[name].addEventListener("keydown", (event) => { if (event.key === "Escape") { this.closeAll(); this.root.focus({ preventScroll: true }); event.stopPropagation(); } });
    el.appendChild(this.root);
  }

  click(button) {
    if (!button) return;
    const { layout, compare, more } = button.dataset;
    if (layout) this.act("layout", layout);
    else if (compare) this.act("compare", compare);
    else if (more !== undefined) button.setAttribute("aria-expanded", String(this.bar.classList.toggle("open")));
    else this.act(button.dataset.do);
  }

  /** Arrow keys go from button to button, as in every toolbar. */
  walk(event) {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const buttons = [...this.bar.querySelectorAll("button")].filter((button) => button.offsetParent && !button.disabled);
    const at = buttons.indexOf(event.target);
    if (!by || at < 0) return;
    buttons[(at + by + buttons.length) % buttons.length].focus();
    event.preventDefault();
    event.stopPropagation();
  }

  // --- what opens over the plot ----------------------------------------------------------------------------------------

  toggleHelp() {
    this.help.hidden = !this.help.hidden;
    if (!this.help.hidden) this.help.focus({ preventScroll: true });
    else this.root.focus({ preventScroll: true });
  }

  somethingOpen() {
    return !this.help.hidden || Object.values(this.pops).some((pop) => !pop.hidden);
  }

  closeAll() {
    if (this.help.contains(this.root.getRootNode().activeElement)) this.root.focus({ preventScroll: true });
    this.help.hidden = true;
    for (const pop of Object.values(this.pops)) pop.hidden = true;
  }

  /** Boxes to tick, one an overlay, and all or none of them. */
  openLayers(shown, { hides, choose }) {
    const { layers } = this.pops;
    if (!layers.hidden) { this.closeAll(); return; }
    const offered = LAYERS.filter(([name]) => !hides || name === "notes");
    const boxes = offered.map(([name, words]) => {
      const box = make("input", { type: "checkbox" });
      box.checked = shown.includes(name);
      box.addEventListener("change", () => choose([name], box.checked));
      return [box, make("label", {}, box, words)];
    });
    const all = (on) => { boxes.forEach(([box]) => { box.checked = on; }); choose(offered.map(([name]) => name), on); };
    const button = (words, on) => { const b = make("button", { type: "button" }, words); b.addEventListener("click", () => all(on)); return b; };
    layers.replaceChildren(...boxes.map(([, label]) => label), make("div", { class: "ends" }, button("all", true), button("none", false)));
    this.closeAll();
    layers.hidden = false;
    boxes[0]?.[0].focus();
  }

  /** A list of what found no room on the paper; one is gone to. */
  openList(items, { go, start }) {
    const { list } = this.pops;
    const rows = items.map(({ text, time }) => {
      const row = make("button", { type: "button" }, `${text} · ${clock(time, 0.01, start)}`);
      row.addEventListener("click", () => { this.closeAll(); this.root.focus({ preventScroll: true }); go(time); });
      return row;
    });
    list.replaceChildren(make("div", { class: "list" }, ...rows));
    this.closeAll();
    list.hidden = !rows.length;
    rows[0]?.focus();
  }

  // --- what is said -----------------------------------------------------------------------------------------------------

  /** Set an element's text once; an empty text hides it. */
  say(element, text) {
    if (this.texts.get(element) === text) return;
    this.texts.set(element, text);
    element.textContent = text;
    if (element.dataset.face) element.hidden = !text;
  }

  /** Nothing is shown, and why; an empty text says that something is. */
  blank(words) {
    const empty = Boolean(words);
    if (this.emptied === words) return;
    this.emptied = words;
    this.note.hidden = !empty;
    this.say(this.note, words);
    for (const button of this.bar.querySelectorAll("[data-do]:not([data-do=help]),[data-layout],[data-compare]")) button.disabled = empty;
    if (empty) for (const face of Object.values(this.faces)) this.say(face, "");
    if (empty) this.say(this.title, "");
  }

  dress(colours) {
    for (const name of ["paper", "ink", "muted", "line", "ground", "panel", "accent"]) {
      this.root.style.setProperty(`--${name}`, colours[name]);
    }
  }

  /** What is shown and at what scale, in words. */
  state(page, setting, { signal, kind, sharp, reading, unlabelled }) {
    const { faces } = this;
    this.say(faces.synthetic, setting.provenance === "synthetic" ? "synthetic" : "");
    this.say(faces.kind, kind === "envelope" ? (sharp ? "envelope" : "envelope, loading") : "samples");
    faces.kind.classList.toggle("envelope", kind === "envelope");
    this.say(faces.range, setting.compare === "beats" ? "" : rangeText(page, signal));
    this.say(faces.scale, scaleText(page, setting));
    this.say(faces.columns, page.columns > 1 && setting.compare === "off" ? `columns ${page.simultaneous ? "simultaneous" : "consecutive"}` : "");
    this.say(faces.compared, setting.compared);
    this.say(faces.hidden, unlabelled ? `${unlabelled} more label${unlabelled > 1 ? "s" : ""}` : "");
    this.say(faces.reading, reading);
    this.say(this.title, setting.title);
    this.say(faces.title, setting.title);
    this.press(setting);
  }

  press(setting) {
    const { layout, speed, gain, measuring, marks, moving, playing, rate, compare, modes, hidden, labels } = setting;
    const key = [layout, speed, gain, measuring, marks, moving, playing, rate, compare, modes, hidden, labels].join("|");
    if (this.pressed === key) return;
    this.pressed = key;
    const pressed = { calipers: measuring, marks, edit: moving, play: playing };
    const texts = { rate: `${rate}×`, speed: `${speed} mm/s`, gain: `${gain} mm/mV`, play: playing ? "❚❚" : "▶" };
    for (const button of this.bar.querySelectorAll("button")) {
      const { layout: name, compare: mode, do: action } = button.dataset;
      if (name) button.setAttribute("aria-pressed", String(name === layout));
      if (mode) button.setAttribute("aria-pressed", String(mode === compare));
      if (mode) button.hidden = mode !== "off" && !(modes ?? []).includes(mode);
      if (action in pressed) button.setAttribute("aria-pressed", String(Boolean(pressed[action])));
      if (action in texts) button.textContent = texts[action];
      if (action === "rate") button.setAttribute("aria-label", `${texts.rate} speed of play`);
      if (action === "marks" || action === "edit") button.hidden = Boolean(hidden);
      if (action === "label") button.hidden = !labels;
    }
    this.bar.querySelector("[data-group=compare]").hidden = !(modes ?? []).length;
  }
}

function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}
