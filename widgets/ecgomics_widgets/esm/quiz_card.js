// One question: options by click or by key, a number by caliper or by hand; then what was right, and why.
import {BASE, emit, fill, h, watch} from "./dom.js";

const STYLE = `
.eg-quiz { display: flex; flex-direction: column; }
.eg-quiz .body { flex: 1; min-height: 0; overflow: auto; padding: 12px; display: flex; flex-direction: column; gap: 8px; }
.eg-quiz h3 { font-size: 16px; margin: 2px 0 6px; } .eg-quiz .option { display: flex; gap: 10px; align-items: baseline; text-align: left; border: 1px solid var(--eg-line); border-radius: 8px; background: var(--eg-panel); padding: 10px 12px; font-weight: 600; width: 100%; }
.eg-quiz .option:hover:not([disabled]) { background: var(--eg-raised); } .eg-quiz .option[disabled] { cursor: default; opacity: 1; color: var(--eg-muted); font-weight: 400; }
.eg-quiz .option.right { border-color: var(--eg-good); color: var(--eg-ink); font-weight: 600; } .eg-quiz .option.wrong { border-color: var(--eg-accent); color: var(--eg-ink); }
.eg-quiz kbd { font: inherit; font-size: 11px; color: var(--eg-muted); border: 1px solid var(--eg-line); border-radius: 4px; padding: 0 5px; }
.eg-quiz .ask { display: flex; gap: 8px; align-items: center; } .eg-quiz .ask input { width: 110px; height: 38px; font-size: 16px; border: 1px solid var(--eg-line); border-radius: 8px; padding: 0 10px; text-align: right; background: var(--eg-panel); }
.eg-quiz .main { background: var(--eg-ink); color: var(--eg-panel); border: 0; border-radius: 8px; padding: 9px 16px; font-weight: 600; }
.eg-quiz .result { border-radius: 8px; padding: 10px 12px; background: var(--eg-raised); line-height: 1.45; } .eg-quiz .result b.right { color: var(--eg-good); } .eg-quiz .result b.wrong { color: var(--eg-accent); } .eg-quiz .result b.partly { color: var(--eg-fair); }
.eg-quiz .result p { margin: 4px 0 0; }
.eg-quiz .topics { border-top: 1px solid var(--eg-line); padding: 8px 12px; display: grid; gap: 3px; flex: none; max-height: 38%; overflow: auto; }
.eg-quiz .topic { display: grid; grid-template-columns: minmax(0, 1fr) 90px 44px; gap: 8px; align-items: center; border: 0; background: none; padding: 3px 6px; border-radius: 6px; text-align: left; }
.eg-quiz .topic:hover { background: var(--eg-raised); } .eg-quiz .topic[aria-pressed="true"] { background: var(--eg-ink); color: var(--eg-panel); } .eg-quiz .topic[aria-pressed="true"] .quiet { color: inherit; }
.eg-quiz .meter { height: 5px; border-radius: 3px; background: var(--eg-raised); overflow: hidden; } .eg-quiz .meter i { display: block; height: 100%; background: var(--eg-structural); } .eg-quiz .topic .quiet { text-align: right; }
`;

function render({model, el}) {
  const t = (text) => (model.get("texts") || {})[text] ?? text;
  const head = h("div", {class: "head"}), body = h("div", {class: "body"}), topics = h("div", {class: "topics", role: "group", "aria-label": t("Topics")});
  const root = h("section", {class: "eg eg-quiz", "aria-label": t("Question")}, head, body, topics);
  el.append(h("style", {}, BASE + STYLE), root);
  let asked = "";
  const answered = () => Boolean((model.get("result") || {}).verdict);
  const answer = (value) => { if (!answered()) emit(model, "answer", {id: model.get("question").id, value}); };

  function option(text, k) {
    const result = model.get("result") || {};
    const state = !answered() ? "" : k === result.right ? "right" : k === result.given ? "wrong" : "";
    return h("button", {class: `option ${state}`, disabled: answered(), onclick: () => answer(k)}, h("kbd", {"aria-hidden": "true"}, String(k + 1)), h("span", {}, text), state ? h("span", {class: "push"}, state === "right" ? "✓" : "✕") : null);
  }
  function number() {
    const input = h("input", {type: "number", step: "any", "aria-label": model.get("question").text, value: model.get("measured") ?? "", disabled: answered(), onkeydown: (event) => { if (event.key === "Enter" && input.value !== "") answer(Number(input.value)); }});
    return h("div", {class: "ask"}, input, h("span", {class: "quiet"}, model.get("question").unit), answered() ? null : h("button", {class: "main", onclick: () => { if (input.value !== "") answer(Number(input.value)); }}, t("Answer")));
  }
  function draw() {
    const question = model.get("question") || {}, result = model.get("result") || {};
    fill(head, h("h2", {}, t("Question")), h("span", {class: "quiet cut"}, model.get("note")));
    fill(body, h("h3", {tabindex: "-1"}, question.text), question.unit ? number() : (question.options || []).map(option),
      result.verdict ? h("div", {class: "result", role: "status"}, h("b", {class: result.verdict}, result.text), h("p", {}, result.because), h("p", {class: "quiet"}, result.due)) : null,
      result.verdict ? h("div", {}, h("button", {class: "main", onclick: () => emit(model, "next")}, t("Next question"), " ↵")) : null);
    fill(topics, (model.get("topics") || []).map((topic) => h("button", {class: "topic", "aria-pressed": String(Boolean(topic.on)), onclick: () => emit(model, "topic", {id: topic.id})}, h("span", {class: "cut"}, topic.title), h("span", {class: "meter", "aria-hidden": "true"}, h("i", {style: {width: `${Math.round(100 * (topic.share || 0))}%`}})), h("span", {class: "quiet"}, topic.count ? `${Math.round(100 * topic.share)} %` : "–"))));
    if (question.id !== asked) { asked = question.id; body.scrollTop = 0; }
  }
  function key(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.composedPath()[0];
    if (target instanceof Element && target.matches("input, select, textarea")) return;
    if (answered() && event.key === "Enter" && !(target instanceof Element && target.matches("button"))) { event.preventDefault(); emit(model, "next"); return; }
    const k = Number(event.key) - 1, options = (model.get("question") || {}).options || [];
    if (!answered() && !model.get("question").unit && Number.isInteger(k) && k >= 0 && k < options.length) { event.preventDefault(); event.stopImmediatePropagation(); answer(k); }
  }
  window.addEventListener("keydown", key, true);
  draw();
  const stop = watch(model, ["question", "result", "topics", "note", "texts", "measured"], draw);
  return () => { stop(); window.removeEventListener("keydown", key, true); };
}

export default {render};
