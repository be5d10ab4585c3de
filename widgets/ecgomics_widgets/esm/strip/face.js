// The elements around the canvas: buttons, the line that says what is shown, help. All text, all reachable by keyboard.

import { rangeText, scaleText } from "./words.js";

const CSS = `
.ecg-strip{position:relative;display:flex;flex-direction:column;box-sizing:border-box;width:100%;height:100%;min-height:120px;
 overflow:hidden;font:13px/1.35 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;font-variant-numeric:tabular-nums;
 background:var(--panel);color:var(--ink);border:1px solid var(--line);border-radius:8px;outline:none;user-select:none;-webkit-user-select:none}
.ecg-strip:focus-visible{border-color:var(--accent);box-shadow:inset 0 0 0 1px var(--accent)}
.ecg-strip .bar{display:flex;align-items:center;gap:8px;padding:6px 8px;border-bottom:1px solid var(--line);flex:none;min-width:0}
.ecg-strip .tools{display:flex;gap:8px;min-width:0}
.ecg-strip .bar[hidden],.ecg-strip .map[hidden],.ecg-strip .help[hidden],.ecg-strip .note[hidden],.ecg-strip [data-face][hidden]{display:none}
.ecg-strip .title{font-weight:600;margin-right:auto;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;min-width:0;flex:0 1 auto}
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
.ecg-strip.narrow .tools{overflow-x:auto;scrollbar-width:none;margin:0 -8px;padding:0 8px}.ecg-strip.narrow .group{flex:none}
.ecg-strip.narrow .face{flex-wrap:wrap;height:40px;align-content:space-between}.ecg-strip.narrow .face .reading{order:-1;flex:0 1 auto}
.ecg-strip.narrow .face [data-face=synthetic],.ecg-strip.narrow .face [data-face=kind],.ecg-strip.narrow .face [data-face=range]{order:-2}
@media (pointer:coarse){.ecg-strip button{min-height:36px;min-width:36px}}
`;

const KEYS = [
  ["← →", "a beat back, forward"], ["Shift ← →", "a screen"], ["Home End", "start, end"], ["↑ ↓", "previous, next record"],
  ["n N", "next, previous finding"], ["+ −", "zoom"], ["0", "true scale"], ["f", "fit"], ["1 2 3 4", "12×1, 6×2, 3×4 + rhythm, single lead"],
  ["c", "calipers: drag to measure"], ["m", "marks and beats"], ["x X", "next, previous ectopic beat"],
  ["Space", "play, pause"], ["< >", "slower, faster (1× to 16×)"], ["g", "go to a time"], ["e", "edit marks: drag, or ← → once chosen"],
  ["Delete", "a chosen caliper away; a chosen mark back to the machine's (Shift: all)"], ["Enter", "with calipers on: a new one"],
  ["← → ↑ ↓", "with calipers on: move the chosen edge (Shift: ten times)"], ["o  [ ]  w", "other edge; other caliper; march out"],
  ["z Z", "undo, redo"], ["p", "copy as picture"], ["Esc", "leave"], ["?", "this list"],
];

const BUTTONS = `
<span class="title" data-title></span><div class="tools">
<span class="group" role="group" aria-label="Layout">
<button data-layout="12x1" title="Every lead in a row of its own (1)">12×1</button>
<button data-layout="6x2" title="Six rows, two columns (2)">6×2</button>
<button data-layout="3x4+R" title="Three rows, four columns and a rhythm row (3)">3×4+R</button>
<button data-layout="1" aria-label="Single lead" title="The rhythm lead alone (4)">1</button></span>
<span class="group"><button data-do="speed" title="Paper speed"></button><button data-do="gain" title="Gain"></button></span>
<span class="group"><button data-do="calipers" title="Measure by dragging (c)">calipers</button><button data-do="marks" title="Marks and beats (m)">marks</button><button data-do="edit" title="Move marks by dragging (e)">edit</button></span>
<span class="group" role="group" aria-label="Play"><button data-do="play" aria-label="Play" title="Play, pause (Space)">▶</button><button data-do="rate" aria-label="Speed of play" title="Speed of play (&lt; &gt;)">1×</button></span>
<span class="group" role="group" aria-label="Export"><button data-do="picture" title="Copy as picture (p)">PNG</button><button data-do="svg" title="Vector drawing, true to scale">SVG</button><button data-do="pdf" title="Page, true to scale">PDF</button></span>
<span class="group" role="group" aria-label="Zoom"><button data-do="out" aria-label="Zoom out" title="Zoom out (−)">−</button>
<button data-do="true" title="True scale (0)">1:1</button><button data-do="fit" title="Fit (f)">fit</button>
<button data-do="in" aria-label="Zoom in" title="Zoom in (+)">+</button></span>
<span class="group"><button data-do="help" aria-label="Keys" title="Keys (?)">?</button></span></div>`;

export class Face {
  constructor(el, act) {
    this.root = document.createElement("div");
    this.root.className = "ecg-strip";
    this.root.tabIndex = 0;
    this.root.setAttribute("role", "application");
    this.root.setAttribute("aria-roledescription", "ECG strip");
    this.root.innerHTML = `<style>${CSS}</style><div class="bar" role="toolbar" aria-label="Strip">${BUTTONS}</div>
<div class="plot"><canvas aria-hidden="true"></canvas><div class="note" hidden></div>
<div class="help" role="dialog" aria-label="Keys" hidden><dl>${KEYS.map(([k, v]) => `<dt>${k}</dt><dd>${v}</dd>`).join("")}</dl></div>
<form class="jump" hidden><label>Go to <input aria-label="Time, in seconds or h:mm:ss" placeholder="s or h:mm:ss"></label></form></div>
<canvas class="map" aria-hidden="true" hidden></canvas>
<div class="face"><span class="badge synthetic" data-face="synthetic">synthetic</span><span class="badge" data-face="kind"></span>
<span data-face="range"></span><span data-face="scale"></span><span data-face="columns"></span><span data-face="hidden"></span>
<span class="reading" data-face="reading"></span></div><div class="aside" aria-live="polite"></div>`;
    const find = (selector) => this.root.querySelector(selector);
    Object.assign(this, {
      bar: find(".bar"), plot: find(".plot"), canvas: find(".plot canvas"), map: find(".map"), note: find(".note"),
      help: find(".help"), aside: find(".aside"), jump: find(".jump"), title: find("[data-title]"),
    });
    this.faces = Object.fromEntries([...this.root.querySelectorAll("[data-face]")].map((e) => [e.dataset.face, e]));
    this.texts = new Map();
    this.bar.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button?.dataset.layout) act("layout", button.dataset.layout);
      else if (button) act(button.dataset.do);
    });
    el.appendChild(this.root);
  }

  /** Set an element's text once; an empty text hides it. */
  say(element, text) {
    if (this.texts.get(element) === text) return;
    this.texts.set(element, text);
    element.textContent = text;
    if (element.dataset.face) element.hidden = !text;
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
    this.say(faces.range, rangeText(page, signal));
    this.say(faces.scale, scaleText(page, setting));
    this.say(faces.columns, page.columns > 1 ? `columns ${page.simultaneous ? "simultaneous" : "consecutive"}` : "");
    this.say(faces.hidden, unlabelled ? `${unlabelled} label${unlabelled > 1 ? "s" : ""} without room` : "");
    this.say(faces.reading, reading);
    this.say(this.title, setting.title);
    this.press(setting);
  }

  press(setting) {
    const key = `${setting.layout}|${setting.speed}|${setting.gain}|${setting.measuring}|${setting.marks}|${setting.moving}|${setting.playing}|${setting.rate}`;
    if (this.pressed === key) return;
    this.pressed = key;
    for (const button of this.bar.querySelectorAll("button")) {
      const { layout, do: action } = button.dataset;
      if (layout) button.setAttribute("aria-pressed", String(layout === setting.layout));
      if (action === "calipers") button.setAttribute("aria-pressed", String(setting.measuring));
      if (action === "marks") button.setAttribute("aria-pressed", String(setting.marks));
      if (action === "edit") button.setAttribute("aria-pressed", String(Boolean(setting.moving)));
      if (action === "play") {
        button.setAttribute("aria-pressed", String(Boolean(setting.playing)));
        button.textContent = setting.playing ? "❚❚" : "▶";
      }
      if (action === "rate") button.textContent = `${setting.rate}×`;
      if (action === "speed") button.textContent = `${setting.speed} mm/s`;
      if (action === "gain") button.textContent = `${setting.gain} mm/mV`;
    }
  }
}
