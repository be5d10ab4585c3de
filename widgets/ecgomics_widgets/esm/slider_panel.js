// Sliders with the usual range as a grey track and the nearest limit as a red tick; presets above, buttons below.
import {BASE, emit, fill, h, number, watch} from "./dom.js";

const STYLE = `
.eg-sliders { display: flex; flex-direction: column; }
.eg-sliders .presets { display: flex; flex-wrap: wrap; gap: 4px; padding: 8px 12px; border-bottom: 1px solid var(--eg-line); flex: none; max-height: 40%; overflow: auto; }
.eg-sliders .presets button[aria-pressed="true"] { background: var(--eg-ink); color: var(--eg-panel); }
.eg-sliders .list { flex: 1; min-height: 0; overflow: auto; padding-bottom: 8px; }
.eg-sliders h3 { font-size: 11.5px; font-weight: 600; color: var(--eg-muted); margin: 9px 12px 2px; }
.eg-sliders .row { display: grid; grid-template-columns: 92px minmax(50px, 1fr) 76px; align-items: center; gap: 8px; padding: 0 12px; min-height: 26px; border-left: 3px solid transparent; }
.eg-sliders .row.moved { background: var(--eg-accent-soft); border-left-color: var(--eg-accent); }
.eg-sliders .row.out output b { color: var(--eg-accent); }
.eg-sliders .track { position: relative; height: 22px; }
.eg-sliders .track i { position: absolute; top: 9px; height: 4px; border-radius: 2px; background: var(--eg-raised); left: 8px; right: 8px; }
.eg-sliders .track i.usual { background: var(--eg-faint); opacity: .55; right: auto; }
.eg-sliders .track i.tick { width: 2px; height: 14px; top: 4px; background: var(--eg-accent); right: auto; border-radius: 0; margin-left: -1px; }
.eg-sliders input[type=range] { position: absolute; inset: 0; width: 100%; margin: 0; background: none; appearance: none; -webkit-appearance: none; cursor: pointer; }
.eg-sliders input[type=range]::-webkit-slider-runnable-track { background: none; height: 22px; }
.eg-sliders input[type=range]::-webkit-slider-thumb { -webkit-appearance: none; width: 16px; height: 16px; margin-top: 3px; border-radius: 8px; border: 1.5px solid var(--eg-ink); background: var(--eg-panel); }
.eg-sliders input[type=range]::-moz-range-thumb { width: 13px; height: 13px; border-radius: 8px; border: 1.5px solid var(--eg-ink); background: var(--eg-panel); }
.eg-sliders .moved input[type=range]::-webkit-slider-thumb { background: var(--eg-ink); }
.eg-sliders output { text-align: right; white-space: nowrap; } .eg-sliders output b { font-weight: 600; } .eg-sliders output span { color: var(--eg-muted); font-size: 11.5px; }
.eg-sliders .row select { grid-column: 2 / 4; width: 100%; border-color: var(--eg-line); color: var(--eg-ink); font-size: 12px; height: 24px; padding: 0 4px; }
.eg-sliders .foot { display: flex; flex-wrap: wrap; gap: 6px; padding: 10px 12px; border-top: 1px solid var(--eg-line); flex: none; }
.eg-sliders .foot button, .eg-action { border: 1px solid var(--eg-line); background: var(--eg-panel); border-radius: 8px; padding: 6px 12px; font-weight: 600; }
.eg-sliders .foot button.main { background: var(--eg-ink); border-color: var(--eg-ink); color: var(--eg-panel); }
`;
const EVERY_MS = 90; // a slider being dragged says where it is this often

function render({model, el}) {
  const t = (text) => (model.get("texts") || {})[text] ?? text;
  const head = h("div", {class: "head"}), presets = h("div", {class: "presets"}), list = h("div", {class: "list"}), foot = h("div", {class: "foot"});
  const root = h("section", {class: "eg eg-sliders", "aria-label": model.get("title") || "sliders"}, head, presets, list, foot);
  el.append(h("style", {}, BASE + STYLE), root);
  let rows = new Map(), all = false, timer = null, waiting = null, last = 0, dragged = "";

  const place = (slider, value) => Math.max(0, Math.min(1, (value - slider.low) / (slider.high - slider.low)));
  const at = (share) => `calc(8px + ${share} * (100% - 16px))`;

  function send(id, value) {
    waiting = {id, value};
    const rest = EVERY_MS - (Date.now() - last);
    if (timer) return;
    timer = setTimeout(() => { timer = null; last = Date.now(); const {id: name, value: now} = waiting; waiting = null; emit(model, "set", {id: name, value: now}); }, Math.max(0, rest));
  }

  function build() {
    rows = new Map();
    fill(list, (model.get("groups") || []).map((group) => [h("h3", {}, group.title), group.sliders.map((slider) => slider.options ? choice(slider) : range(slider))]));
    update();
  }
  function choice(slider) {
    const select = h("select", {"aria-label": slider.title, onchange: () => { mark(slider.id); emit(model, "set", {id: slider.id, value: select.value}); }}, slider.options.map(([value, text]) => h("option", {value}, text)));
    const row = h("div", {class: "row", title: slider.hint || null}, h("span", {class: "cut"}, slider.title), select);
    rows.set(slider.id, {slider, row, select});
    return row;
  }
  function range(slider) {
    const input = h("input", {type: "range", min: slider.low, max: slider.high, step: slider.step, "aria-label": slider.title,
      oninput: () => { dragged = slider.id; mark(slider.id); show(rows.get(slider.id), Number(input.value)); send(slider.id, Number(input.value)); }, onchange: () => { dragged = ""; }});
    const usual = slider.usual ? h("i", {class: "usual", style: {left: at(place(slider, slider.usual[0])), width: `calc(${place(slider, slider.usual[1]) - place(slider, slider.usual[0])} * (100% - 16px))`}}) : null;
    const tick = h("i", {class: "tick", style: {display: "none"}}), output = h("output", {});
    const row = h("div", {class: "row", title: slider.hint || null}, h("span", {class: "cut"}, slider.title), h("div", {class: "track"}, h("i", {}), usual, tick, input), output);
    rows.set(slider.id, {slider, row, input, tick, output});
    return row;
  }
  function mark(id) { for (const [name, {row}] of rows) row.classList.toggle("moved", name === id); }
  function show({slider, row, input, output}, value) {
    const text = number(value, slider.decimals || 0);
    fill(output, h("b", {}, text), h("span", {}, slider.unit ? ` ${slider.unit}` : ""));
    row.classList.toggle("out", Boolean(slider.usual) && (value < slider.usual[0] || value > slider.usual[1]));
    input.setAttribute("aria-valuetext", `${text} ${slider.unit || ""}`);
  }
  function update() {
    const values = model.get("values") || {}, ticks = model.get("ticks") || {};
    for (const [id, entry] of rows) {
      if (!(id in values)) continue;
      if (entry.select) { entry.select.value = values[id]; continue; }
      if (id !== dragged) { entry.input.value = values[id]; show(entry, values[id]); }
      const tick = ticks[id];
      entry.tick.style.display = tick === undefined || tick === null ? "none" : "";
      if (tick !== undefined && tick !== null) { entry.tick.style.left = at(place(entry.slider, tick)); entry.tick.title = `${t("nearest limit")}: ${number(tick, entry.slider.decimals || 0)} ${entry.slider.unit || ""}`; }
    }
  }
  function around() {
    fill(head, h("h2", {}, model.get("title")), h("span", {class: "quiet cut"}, model.get("note")), h("span", {class: "push"}), h("button", {class: "plain", onclick: () => { mark(""); emit(model, "preset", {id: "normal"}); }}, `↺ ${t("normal")}`));
    const known = model.get("presets") || [], chosen = model.get("preset");
    const shown = known.filter((item) => all || item.few || item.id === chosen);
    fill(presets, shown.map((item) => h("button", {class: "chip", "aria-pressed": String(item.id === chosen), onclick: () => { mark(""); emit(model, "preset", {id: item.id}); }}, item.title)),
      known.length > shown.length || all ? h("button", {class: "chip", "aria-expanded": String(all), onclick: () => { all = !all; around(); }}, all ? t("fewer") : `+ ${known.length - shown.length}`) : null);
    presets.style.display = known.length ? "" : "none";
    const actions = model.get("actions") || [];
    fill(foot, actions.map((item) => h("button", {class: item.main ? "main" : "", onclick: () => emit(model, "act", {name: item.name})}, item.title)));
    foot.style.display = actions.length ? "" : "none";
  }
  build(); around();
  const stops = [watch(model, ["groups"], build), watch(model, ["values", "ticks"], update), watch(model, ["title", "note", "presets", "preset", "actions", "texts"], around)];
  return () => { clearTimeout(timer); for (const stop of stops) stop(); };
}

export default {render};
