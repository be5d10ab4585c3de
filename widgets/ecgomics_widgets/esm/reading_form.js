// The systematic reading: lines to fill in, hints that say what they cost, then marks line by line.
import {BASE, emit, fill, h, watch} from "./dom.js";
import {DIAL, dial, toldDial} from "./hexaxial_dial.js";

const STYLE = `
.eg-form { display: flex; flex-direction: column; }
.eg-form .total { font-size: 17px; font-weight: 700; } .eg-form .total small { font-size: 12px; font-weight: 400; color: var(--eg-muted); }
.eg-form .lines { flex: 1; min-height: 0; overflow: auto; }
.eg-form .line { display: grid; grid-template-columns: 18px 84px minmax(0, 1fr) auto; gap: 2px 8px; padding: 7px 12px; border-bottom: 1px solid var(--eg-line); border-left: 3px solid transparent; align-items: center; }
.eg-form .line.chosen { background: var(--eg-raised); border-left-color: var(--eg-link); } .eg-form .line.wrong.chosen { background: var(--eg-accent-soft); border-left-color: var(--eg-accent); }
.eg-form .line > label, .eg-form .line > .name { color: var(--eg-muted); font-weight: 400; background: none; border: 0; padding: 0; text-align: left; }
.eg-form .sign { font-weight: 700; text-align: center; } .eg-form .right .sign { color: var(--eg-good); } .eg-form .partly .sign { color: var(--eg-fair); } .eg-form .wrong .sign, .eg-form .none .sign { color: var(--eg-accent); }
.eg-form .none { padding: 7px 12px; text-align: left; } .eg-form .said { font-weight: 600; } .eg-form .note { grid-column: 3 / 5; color: var(--eg-muted); font-size: 12px; }
.eg-form .earned { color: var(--eg-muted); white-space: nowrap; }
.eg-form input[type=number] { width: 84px; height: 30px; border: 1px solid var(--eg-line); border-radius: 6px; padding: 0 8px; background: var(--eg-panel); text-align: right; }
.eg-form .line select { width: 100%; height: 30px; border: 1px solid var(--eg-line); color: var(--eg-ink); font-size: 13px; }
.eg-form .turning, .eg-form .dial.told { grid-column: 3 / 5; }
.eg-form .several { grid-column: 2 / 5; padding: 2px 0; display: flex; flex-wrap: wrap; gap: 4px; }
.eg-form .several .chip { padding: 3px 8px; background: var(--eg-raised); } .eg-form .several .chip[aria-pressed="true"] { background: var(--eg-ink); color: var(--eg-panel); }
.eg-form .question > label { grid-column: 2 / 4; color: var(--eg-ink); } .eg-form .question > span:empty:not(.sign) { display: none; }
.eg-form .question.line > .name { grid-column: 2 / 4; color: var(--eg-ink); } .eg-form .question.line > .earned { grid-area: 1 / 4; } .eg-form .question.line > .said, .eg-form .question.line > .note { grid-column: 2 / 5; }
.eg-form .hints { grid-column: 3 / 5; font-size: 12px; } .eg-form .hints p { margin: 2px 0; padding: 4px 8px; background: var(--eg-selected-soft); color: var(--eg-selected-ink); border-radius: 6px; }
.eg-form .why { padding: 12px; } .eg-form .why h3 { margin: 0 0 4px; font-size: 13px; } .eg-form .why p { margin: 0 0 8px; color: var(--eg-muted); line-height: 1.45; white-space: pre-line; }
.eg-form .why .links { display: flex; flex-wrap: wrap; gap: 4px; } .eg-form .why a { color: var(--eg-link); text-decoration: none; }
.eg-form .foot { display: flex; flex-wrap: wrap; gap: 6px; padding: 10px 12px; border-top: 1px solid var(--eg-line); flex: none; align-items: center; }
.eg-form .foot button { border: 1px solid var(--eg-line); background: var(--eg-panel); border-radius: 8px; padding: 7px 14px; font-weight: 600; } .eg-form .foot button.main { background: var(--eg-ink); border-color: var(--eg-ink); color: var(--eg-panel); }
`;
const SIGN = {right: "✓", partly: "◐", wrong: "✕", none: "✕"};

function render({model, el}) {
  const t = (text) => (model.get("texts") || {})[text] ?? text;
  const head = h("div", {class: "head"}), lines = h("div", {class: "lines"}), foot = h("div", {class: "foot"});
  el.append(h("style", {}, BASE + DIAL + STYLE), h("section", {class: "eg eg-form", "aria-label": t("Your reading")}, head, lines, foot));
  let given = {...(model.get("given") || {})};

  const answer = (id, value) => { given[id] = value; emit(model, "answer", {id, value}); };
  const choose = (id) => { if (model.get("chosen") !== id) emit(model, "choose", {id}); };

  function number(line, name) {
    const input = h("input", {id: name, "aria-label": line.title, type: "number", step: "any", value: given[line.id] ?? "", onfocus: () => choose(line.id), onchange: () => answer(line.id, input.value === "" ? null : Number(input.value))});
    const turning = line.dial && line.id === model.get("chosen");
    const opener = line.dial && !turning ? h("button", {class: "plain", "aria-label": `${t("dial")}: ${line.title}`, onclick: () => choose(line.id)}, `◔ ${t("dial")}`) : null;
    return [h("span", {}, input, " ", h("span", {class: "quiet"}, line.unit), opener), hint(line),
      turning ? dial({title: `${t("dial")}: ${line.title}`, value: given[line.id] ?? null, move: (degrees) => { input.value = degrees; }, set: (degrees) => answer(line.id, degrees)}) : null];
  }
  function field(line) {
    const name = `f-${line.id}`;
    if (line.kind === "number") return number(line, name);
    if (line.kind === "choice") {
      const select = h("select", {id: name, "aria-label": line.title, onfocus: () => choose(line.id), onchange: () => answer(line.id, select.value || null)}, h("option", {value: ""}, "–"), line.options.map(([key, text]) => h("option", {value: key, selected: given[line.id] === key}, text)));
      return [select, hint(line)];
    }
    if (line.kind === "question") return [h("span", {}), h("span", {class: "earned"}, `${line.points} p`), h("div", {class: "several", role: "radiogroup", "aria-label": line.title}, line.options.map(([key, text]) => h("button", {class: "chip", role: "radio", "aria-checked": String(given[line.id] === key), "aria-pressed": String(given[line.id] === key), onclick: () => { answer(line.id, key); draw(); }}, text)))];
    const chosen = new Set(given[line.id] || []);
    return [h("span", {}), hint(line), h("div", {class: "several", role: "group", "aria-label": line.title}, line.options.map(([key, text]) => h("button", {class: "chip", "aria-pressed": String(chosen.has(key)), onclick: () => { if (!chosen.delete(key)) chosen.add(key); answer(line.id, [...chosen]); draw(); }}, text)))];
  }
  function hint(line) {
    return line.hints_left ? h("button", {class: "plain", title: t("a hint takes a quarter of the points"), "aria-label": `${t("hint")}: ${line.title}, −25 %`, onclick: () => emit(model, "hint", {id: line.id})}, `${t("hint")} −25 %`) : h("span", {class: "earned"}, line.points ? `${line.points} p` : "");
  }
  function open(line) {
    return h("div", {class: `line ${line.kind === "question" ? "question" : ""} ${line.id === model.get("chosen") ? "chosen" : ""}`}, h("span", {class: "sign", "aria-hidden": "true"}, ""), h("label", {for: `f-${line.id}`}, line.title), field(line),
      (line.hints || []).length ? h("div", {class: "hints", role: "status"}, line.hints.map((text) => h("p", {}, text))) : null);
  }
  function marked(line) {
    return h("div", {class: `line ${line.verdict} ${line.kind === "question" ? "question" : ""} ${line.id === model.get("chosen") ? "chosen" : ""}`, onclick: () => choose(line.id)},
      h("span", {class: "sign", "aria-hidden": "true"}, SIGN[line.verdict]), h("button", {class: "name", title: line.title, "aria-label": `${line.title}: ${t(line.verdict === "none" ? "not answered" : line.verdict)}`, onclick: () => choose(line.id)}, line.title),
      h("span", {class: "said"}, line.said || "–"), h("span", {class: "earned"}, line.earned), line.feedback ? h("span", {class: "note"}, line.feedback) : null,
      line.dial && line.id === model.get("chosen") ? toldDial({title: `${line.title}: ${line.said}. ${line.feedback}`, ...line.dial}) : null,
      line.again ? h("span", {class: "note"}, h("button", {class: "chip", "aria-label": `${t("Try again")}: ${line.title}`, onclick: (event) => { event.stopPropagation(); emit(model, "again", {id: line.id}); }}, t("Try again")), ` ${t("half points")}`) : null);
  }
  function draw() {
    const done = model.get("state") === "submitted", why = model.get("why") || {};
    fill(head, h("h2", {}, model.get("title") || t("Your reading")), h("span", {class: "quiet cut"}, model.get("note")), h("span", {class: "push"}), model.get("score") ? h("span", {class: "total", role: "status"}, model.get("score")) : null);
    const top = lines.scrollTop;
    fill(lines, (model.get("lines") || []).map((line) => done && line.verdict ? marked(line) : open(line)), why.text ? h("div", {class: "why"}, h("h3", {}, why.title), h("p", {}, why.text), h("div", {class: "links"}, (model.get("links") || []).map((link) => link.href ? h("a", {class: "chip", href: link.href}, link.text) : h("span", {class: "chip"}, link.text)))) : null);
    lines.scrollTop = top;
    fill(foot, (model.get("actions") || []).map((item) => h("button", {class: item.main ? "main" : "", onclick: () => item.href ? (window.location.href = item.href) : emit(model, item.name === "submit" ? "submit" : "act", {name: item.name})}, item.title)), h("span", {class: "push quiet"}, done && (model.get("lines") || []).every((line) => line.verdict) ? `n ${t("next mark")}` : `c ${t("calipers")}`));
  }
  draw();
  const stops = [watch(model, ["given"], () => { const before = JSON.stringify(given); given = {...given, ...(model.get("given") || {})}; if (JSON.stringify(given) !== before) draw(); }), watch(model, ["title", "note", "lines", "state", "score", "why", "links", "chosen", "actions", "texts"], draw)];
  return () => { for (const stop of stops) stop(); };
}

export default {render};
