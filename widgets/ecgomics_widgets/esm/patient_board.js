// One person over time: recordings at the left, what changed and the trends at the right, export and erasure below them.
import {BASE, emit, fill, h, number, svg, watch} from "./dom.js";

const STYLE = `
.eg-patient { overflow: auto; background: none; padding: 8px; container: patient / inline-size; }
.eg-patient .cols { display: grid; gap: 8px; grid-template-columns: 300px minmax(0, 1fr); align-items: start; }
.eg-patient .pane { background: var(--eg-panel); border: 1px solid var(--eg-line); border-radius: var(--eg-radius, 8px); overflow: hidden; }
.eg-patient aside, .eg-patient .main { display: grid; gap: 8px; min-width: 0; } .eg-patient .inside { padding: 10px 12px; }
.eg-patient select.who { width: 100%; height: 34px; border: 1px solid var(--eg-line); border-radius: 8px; padding: 0 8px; color: var(--eg-ink); font-size: 13px; }
.eg-patient .record { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 2px 10px; padding: 8px 12px; border-top: 1px solid var(--eg-line); } .eg-patient .record:first-of-type { border-top: 0; }
.eg-patient .record a { color: var(--eg-link); } .eg-patient .record :last-child { grid-column: 1 / -1; }
.eg-patient .news { margin: 0; padding: 10px 12px 10px 28px; display: grid; gap: 4px; }
.eg-patient .grid { display: grid; gap: 8px; grid-template-columns: repeat(auto-fill, minmax(300px, 1fr)); }
.eg-patient figure { margin: 0; padding: 10px 12px 8px; display: grid; gap: 2px; } .eg-patient figcaption { display: flex; justify-content: space-between; gap: 8px; font-weight: 600; }
.eg-patient figure svg { width: 100%; height: auto; display: block; overflow: visible; } .eg-patient figure .ends { display: flex; justify-content: space-between; }
.eg-patient .band { fill: var(--eg-raised); } .eg-patient .level { stroke: var(--eg-muted); stroke-dasharray: 3 3; } .eg-patient .line { fill: none; stroke: var(--eg-ink); stroke-width: 1.4; }
.eg-patient circle { fill: var(--eg-ink); } .eg-patient circle.outside { fill: var(--eg-panel); stroke: var(--eg-accent); stroke-width: 2; }
.eg-patient .do { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; }
.eg-patient .second { border: 1px solid var(--eg-line); background: var(--eg-panel); border-radius: 8px; padding: 7px 12px; font-weight: 600; } .eg-patient .second[disabled] { opacity: .5; cursor: default; }
.eg-patient .danger { color: var(--eg-accent); border-color: var(--eg-accent); } .eg-patient .bad { color: var(--eg-accent); margin: 0; }
.eg-patient details { border-top: 1px solid var(--eg-line); padding: 8px 12px; } .eg-patient summary { cursor: pointer; color: var(--eg-muted); } .eg-patient details p { margin: 8px 0; line-height: 1.45; }
.eg-patient details input { height: 34px; border: 1px solid var(--eg-line); border-radius: 8px; padding: 0 10px; background: var(--eg-panel); color: var(--eg-ink); }
@container patient (max-width: 760px) { .eg-patient .cols { display: flex; flex-direction: column; align-items: stretch; } .eg-patient aside, .eg-patient .main { display: contents; } .eg-patient .after { order: 1; } }
`;
const WIDTH = 300, HEIGHT = 92, EDGE = 8;

function figure(trend) {
  const {values, places, level, limit, decimals} = trend;
  const there = values.map((value, k) => value === null ? -1 : k).filter((k) => k >= 0);
  const banded = level !== null && limit !== null;
  const all = [...there.map((k) => values[k]), ...(banded ? [level - limit, level + limit] : [])];
  const low = Math.min(...all), high = Math.max(...all), room = (high - low) * 0.12 || 1;
  const y = (value) => EDGE + (HEIGHT - 2 * EDGE) * (high + room - value) / (high - low + 2 * room);
  const x = (k) => EDGE + (WIDTH - 2 * EDGE) * places[k];
  const last = values[there[there.length - 1]], unit = trend.unit ? ` ${trend.unit}` : "";
  const words = there.map((k) => `${trend.when[k] || `recording ${k + 1}`}: ${number(values[k], decimals)}${unit}${trend.outside[k] ? ", outside its reference" : ""}`).join("; ");
  return h("figure", {class: "pane"}, h("figcaption", {}, h("span", {}, trend.title), h("span", {}, `${number(last, decimals)}${unit}`)),
    svg("svg", {viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${trend.title}. ${words}`},
      banded ? svg("rect", {class: "band", x: 0, width: WIDTH, y: y(level + limit), height: Math.max(1, y(level - limit) - y(level + limit))}) : null,
      banded ? svg("line", {class: "level", x1: 0, x2: WIDTH, y1: y(level), y2: y(level)}) : null,
      svg("path", {class: "line", d: there.map((k, order) => `${order ? "L" : "M"}${x(k).toFixed(1)} ${y(values[k]).toFixed(1)}`).join("")}),
      there.map((k) => svg("circle", {class: trend.outside[k] ? "outside" : "", cx: x(k), cy: y(values[k]), r: 3.4}, svg("title", {}, `${trend.when[k]} ${number(values[k], decimals)}${unit}`)))),
    h("div", {class: "ends quiet"}, h("span", {}, trend.when[0] || ""), h("span", {}, trend.when.length > 1 ? trend.when[trend.when.length - 1] : "")),
    h("span", {class: "quiet"}, [trend.reference ? `reference ${trend.reference}` : "no reference", banded ? `own level ${number(level, decimals)} ± ${number(limit, decimals)}` : "no own level yet"].join(" · ")));
}

function render({model, el}) {
  const root = h("div", {class: "eg eg-patient"});
  el.append(h("style", {}, BASE + STYLE), root);
  let count = 0, open = false, typed = "";

  function erasure() {
    const patient = model.get("patient");
    const input = h("input", {"aria-label": "identifier, to confirm", value: typed, autocomplete: "off", oninput: () => { typed = input.value; button.disabled = typed !== patient; }});
    const button = h("button", {class: "second danger", disabled: typed !== patient, onclick: () => { emit(model, "erase", {typed}); typed = ""; }}, "Erase for good");
    const box = h("details", {open, ontoggle: () => { open = box.open; }}, h("summary", {}, "Erase this person…"),
      h("p", {}, "All recordings of this person, what was found in them and what people wrote about them are taken out of the cohort and its database. This cannot be undone. Results of the other recordings were made with them and go too: analyse the cohort again afterwards. Original files, backups and exports are not reached."),
      h("div", {class: "do"}, h("label", {}, "Type the identifier "), input, button));
    return box;
  }
  function draw() {
    const patients = model.get("patients") || [], patient = model.get("patient"), busy = model.get("busy"), records = model.get("records") || [];
    if (!patients.length) { fill(root, h("div", {class: "none"}, "No patient is named in this cohort.\nRecordings whose files state a patient's identifier are put together here.")); return; }
    const who = h("select", {class: "who", "aria-label": "patient", onchange: (event) => emit(model, "patient", {id: event.target.value})},
      h("option", {value: "", selected: !patient}, "choose a patient"), patients.map((item) => h("option", {value: item.id, selected: item.id === patient}, `${item.id}  (${item.about})`)));
    const trouble = model.get("trouble") ? h("p", {class: "bad", role: "alert"}, model.get("trouble")) : null;
    const aside = h("aside", {}, h("section", {class: "pane"}, h("div", {class: "head"}, h("h2", {}, "Patient")), h("div", {class: "inside"}, who, model.get("about") ? h("p", {class: "quiet"}, model.get("about")) : null, trouble)),
      patient ? h("section", {class: "pane after"}, h("div", {class: "head"}, h("h2", {}, "Recordings"), h("span", {class: "quiet push"}, `${records.length}`)),
        records.map((record) => h("div", {class: "record"}, h("a", {href: record.href, class: "cut"}, record.title), h("span", {class: "quiet"}, record.length), h("span", {class: "quiet"}, record.when || "no date stated")))) : null,
      patient ? h("section", {class: "pane after"}, h("div", {class: "head"}, h("h2", {}, "All there is")), h("div", {class: "inside do"},
        h("button", {class: "second", disabled: Boolean(busy), onclick: () => emit(model, "export")}, "Export ZIP"), h("button", {class: "second", disabled: Boolean(busy), onclick: () => emit(model, "page")}, "Timeline as a page"),
        busy ? h("span", {class: "quiet", role: "status"}, busy) : null), model.get("may_erase") ? erasure() : null) : null);
    const news = model.get("news") || [], trends = model.get("trends") || [];
    const main = h("div", {class: "main"}, !patient ? h("section", {class: "pane"}, h("div", {class: "none"}, "Choose a patient to see every recording, how the measurements went, and what changed since last time."))
      : [h("section", {class: "pane"}, h("div", {class: "head"}, h("h2", {}, "Since last time")), h("ul", {class: "news"}, (news.length ? news : [records.length > 1 ? "Nothing beyond chance." : "There is one recording only."]).map((line) => h("li", {}, line)))),
        trends.length ? h("div", {class: "grid"}, trends.map(figure)) : h("section", {class: "pane"}, h("div", {class: "none"}, "Nothing was measured in these recordings yet.\necgomics analyse COHORT"))]);
    fill(root, h("div", {class: "cols"}, aside, main));
  }
  function save() {
    const file = model.get("file") || {};
    if (!file.count || file.count === count) return;
    count = file.count;
    const bytes = Uint8Array.from(atob(file.base64), (letter) => letter.charCodeAt(0));
    const link = h("a", {href: URL.createObjectURL(new Blob([bytes], {type: file.kind})), download: file.name});
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }
  draw();
  const stops = [watch(model, ["patients", "patient", "about", "records", "trends", "news", "may_erase", "busy", "trouble"], draw), watch(model, ["file"], save)];
  return () => { for (const stop of stops) stop(); };
}

export default {render};
