// The question as a sentence: every word that can be changed is a button that opens in place.
import {BASE, emit, fill, h, watch} from "./dom.js";

const STYLE = `
.eg.eg-question { background: none; height: auto; position: relative; }
.eg-question .line { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 7px; color: var(--eg-muted, #667085); padding: 9px 14px 6px; }
.eg-question .token { display: inline-flex; align-items: center; gap: 7px; border: 1px solid var(--eg-line, #e3e6eb); border-radius: 6px; background: var(--eg-panel, #fff); color: var(--eg-ink, #161a22); font-weight: 600; padding: 4px 10px; max-width: min(420px, 84vw); font-size: 14px; }
.eg-question .token:hover, .eg-question .token[aria-expanded="true"] { border-color: var(--eg-link, #0067a3); }
.eg-question .token .n { font-weight: 400; color: var(--eg-muted, #667085); white-space: nowrap; font-size: 12.5px; }
.eg-question .token.a { border-color: var(--eg-selected, #e69f00); background: var(--eg-selected-soft, #fff4dc); color: var(--eg-selected-ink, #7a5200); }
.eg-question .token.a .n, .eg-question .token.b .n { color: inherit; }
.eg-question .token.b { background: var(--eg-raised, #eef0f4); }
.eg-question .dot { width: 10px; height: 10px; border-radius: 50%; flex: none; }
.eg-question .small { font-weight: 600; font-size: 13px; padding: 4px 8px; }
.eg-question .small b { font-weight: 400; color: var(--eg-muted, #667085); }
.eg-question .ends a, .eg-question .ends button { background: none; border: 0; padding: 0; color: var(--eg-ink, #161a22); font-weight: 600; text-decoration: underline; text-underline-offset: 3px; }
.eg-question .facts { display: flex; flex-wrap: wrap; gap: 2px 20px; padding: 0 16px 9px; font-size: 11.5px; color: var(--eg-muted, #667085); }
.eg-question .facts .warn { color: var(--eg-selected-ink, #7a5200); }
.eg-question .facts .tried { color: var(--eg-ink, #161a22); }
.eg-question .work { display: inline-flex; align-items: center; gap: 8px; color: var(--eg-ink, #161a22); height: 16px; }
.eg-question .work .plain { padding: 0 4px; line-height: 14px; text-decoration: underline; }
.eg-question .work progress { width: 90px; height: 6px; accent-color: var(--eg-selected, #e69f00); }
.eg-question .trouble { padding: 0 16px 10px; color: var(--eg-accent, #b4233a); font-size: 12.5px; }
.eg-question .sheet { position: absolute; z-index: 50; top: 46px; left: 14px; width: min(440px, calc(100% - 28px)); max-height: min(70vh, 520px); overflow: auto; background: var(--eg-panel, #fff); border: 1px solid var(--eg-line, #e3e6eb); border-radius: var(--eg-radius, 8px); box-shadow: 0 6px 24px rgb(0 0 0 / 14%); padding: 10px 12px; }
.eg-question .sheet h3 { font-size: 11.5px; font-weight: 600; margin: 10px 0 4px; color: var(--eg-muted, #667085); }
.eg-question .sheet input, .eg-question .sheet textarea { width: 100%; border: 1px solid var(--eg-line, #e3e6eb); border-radius: 6px; padding: 6px 8px; background: var(--eg-panel, #fff); color: inherit; font: inherit; }
.eg-question .sheet textarea { min-height: 52px; resize: vertical; font-family: ui-monospace, "Liberation Mono", monospace; font-size: 12.5px; }
.eg-question .sheet .list { max-height: 190px; overflow: auto; margin: 4px 0; }
.eg-question .sheet .list button { display: flex; gap: 8px; width: 100%; border: 0; background: none; text-align: left; padding: 5px 6px; border-radius: 6px; }
.eg-question .sheet .list button:hover { background: var(--eg-raised, #eef0f4); }
.eg-question .sheet .list .kind { width: 52px; flex: none; }
.eg-question .sheet .row { display: flex; gap: 6px; align-items: center; margin: 6px 0; }
.eg-question .sheet .row input { width: auto; min-width: 0; flex: 1; }
.eg-question .sheet .row select { border-color: var(--eg-line, #e3e6eb); color: inherit; font-size: 12.5px; padding: 5px 6px; }
.eg-question .sheet .go { border: 1px solid var(--eg-ink, #161a22); background: var(--eg-ink, #161a22); color: var(--eg-panel, #fff); border-radius: 6px; padding: 5px 12px; font-weight: 600; flex: none; }
.eg-question .sheet .soft { border: 1px solid var(--eg-line, #e3e6eb); background: none; border-radius: 6px; padding: 4px 9px; flex: none; }
`;
const SHOWN = 60;

function render({model, el}) {
  const line = h("div", {class: "line"}), facts = h("div", {class: "facts"}), work = h("span", {class: "work"}), trouble = h("div", {class: "trouble", role: "alert"});
  const root = h("section", {class: "eg eg-question", "aria-label": "the question"}, line, facts, trouble);
  el.append(h("style", {}, BASE + STYLE), root);
  let sheet = null, openFor = "", drafts = {}, opener = null;

  const get = (name) => model.get(name) || {};
  function close(back) {
    if (sheet) sheet.remove();
    sheet = null;
    const was = openFor;
    openFor = "";
    draw();
    if (back) root.querySelector(`[data-token="${was}"]`)?.focus();
  }
  function open(name, build) {
    if (openFor === name) { close(true); return; }
    if (sheet) sheet.remove();
    openFor = name;
    sheet = h("div", {class: "sheet", role: "dialog", "aria-label": name, onkeydown: (event) => { event.stopPropagation(); if (event.key === "Escape") close(true); }}, build());
    root.append(sheet);
    draw();
    place(name);
    sheet.querySelector("input, textarea, button")?.focus();
  }
  function place(name) {
    const button = root.querySelector(`[data-token="${name}"]`);
    if (!button || !sheet) return;
    const own = root.getBoundingClientRect(), at = button.getBoundingClientRect();
    sheet.style.top = `${at.bottom - own.top + 6}px`;
    sheet.style.left = `${Math.max(8, Math.min(at.left - own.left, own.width - sheet.offsetWidth - 8))}px`;
  }

  function groupSheet(side) {
    const given = get("choices"), now = get("sentence")[side];
    const text = h("textarea", {"aria-label": "definition", rows: 2, placeholder: "label:LBBB and age >= 60", spellcheck: "false"});
    text.value = drafts[side] ?? (now && !now.chosen ? now.definition : "");
    text.addEventListener("input", () => { drafts[side] = text.value; });
    const search = h("input", {type: "search", placeholder: "label, rule or saved group", "aria-label": "find a label, a rule or a saved group"});
    const list = h("div", {class: "list"});
    const add = (term) => { text.value = text.value.trim() ? `${text.value.trim()} and ${term}` : term; drafts[side] = text.value; text.focus(); };
    const use = () => { if (side === "against" || text.value.trim()) { emit(model, "define", {side, text: text.value}); delete drafts[side]; close(); } };
    function show() {
      const words = search.value.trim().toLowerCase();
      const all = (given.terms || []).filter((term) => !words || `${term.title} ${term.text}`.toLowerCase().includes(words)).slice(0, SHOWN);
      fill(list, all.map((term) => h("button", {type: "button", title: term.text, onclick: (event) => { if (event.shiftKey || text.value.trim()) add(term.text); else { text.value = term.text; use(); } }},
        h("span", {class: "quiet kind"}, term.kind), h("span", {class: "cut"}, term.title), h("span", {class: "push quiet"}, term.n))), all.length ? null : h("div", {class: "quiet"}, "nothing of that name"));
    }
    search.addEventListener("input", show);
    show();
    const column = h("input", {list: "eg-columns", placeholder: "biomarker, age, sex …", "aria-label": "column"});
    const sign = h("select", {"aria-label": "comparison"}, [">", ">=", "<", "<=", "="].map((each) => h("option", {}, each)));
    const value = h("input", {placeholder: "200 or 120..200", "aria-label": "value", style: {flex: "0 1 110px"}});
    const columns = h("datalist", {id: "eg-columns"}, (given.columns || []).map((name) => h("option", {value: name})));
    const range = () => { if (column.value && value.value) { add(`${column.value} ${sign.value} ${/\s/.test(value.value) ? `"${value.value}"` : value.value}`); value.value = ""; } };
    const encoders = given.encoders || [];
    const encoder = h("select", {"aria-label": "encoder"}, encoders.map((name) => h("option", {}, name)));
    const count = h("select", {"aria-label": "how many clusters"}, [3, 4, 5, 6, 8, 10, 12].map((n) => h("option", {selected: n === 6}, n)));
    const which = h("select", {"aria-label": "which cluster"}, Array.from({length: 12}, (_, k) => h("option", {}, k + 1)));
    const name = h("input", {placeholder: "name", "aria-label": "name to save the group by"});
    name.value = now?.saved || "";
    const joins = ["and", "or", "without", "not", "( )"].map((word) => h("button", {type: "button", class: "soft", onclick: () => { text.value = word === "( )" ? `(${text.value.trim()})` : `${text.value.trim()} ${word} `.trimStart(); drafts[side] = text.value; text.focus(); }}, word));
    text.addEventListener("keydown", (event) => { if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); use(); } });
    return [search, list, h("h3", {}, "a range"), h("div", {class: "row"}, column, sign, value, columns, h("button", {type: "button", class: "soft", onclick: range}, "add")),
      encoders.length ? [h("h3", {}, "a cluster of the vectors (exploratory)"), h("div", {class: "row"}, encoder, count, which, h("button", {type: "button", class: "soft", onclick: () => add(`cluster:${encoder.value}/${count.value}/${which.value}`)}, "add"))] : null,
      h("h3", {}, "definition"), text, h("div", {class: "row"}, joins, h("span", {class: "push"}), side === "against" ? h("button", {type: "button", class: "soft", onclick: () => { text.value = ""; use(); }}, "the rest") : null, h("button", {type: "button", class: "go", onclick: use}, "Use")),
      now ? [h("h3", {}, "save this group, with its definition"), h("div", {class: "row"}, name, h("button", {type: "button", class: "soft", onclick: () => { if (name.value.trim()) { emit(model, "save", {side, name: name.value}); close(); } }}, "Save"))] : null];
  }
  function adjustSheet() {
    const on = new Set((get("sentence").adjust || []).map((each) => each.name)), given = get("choices");
    const search = h("input", {list: "eg-confounders", placeholder: "any column", "aria-label": "confounder"});
    const add = (name) => { if (name) { emit(model, "adjust", {name, on: true}); close(); } };
    return [h("div", {class: "list"}, (given.confounders || []).filter((each) => !on.has(each.name)).map((each) => h("button", {type: "button", onclick: () => add(each.name)}, each.title))),
      h("div", {class: "row"}, search, h("datalist", {id: "eg-confounders"}, (given.columns || []).map((name) => h("option", {value: name}))), h("button", {type: "button", class: "go", onclick: () => add(search.value.trim())}, "Adjust"))];
  }
  const unitSheet = () => [h("p", {style: {margin: "4px 0"}}, "One patient, one vote: a patient's value is the median over the patient's records, and a patient is in the group when more than half of those records are. Beats and records are never counted as if they were people.")];

  function token(name, classes, children, build, title) {
    return h("button", {type: "button", class: `token ${classes}`, "data-token": name, "aria-haspopup": "dialog", "aria-expanded": openFor === name ? "true" : "false", title, onclick: () => open(name, build)}, children);
  }
  function draw() {
    const said = get("sentence"), a = said.group, b = said.against;
    const side = (name, group, colour, empty) => token(name, name === "group" ? "a" : "b", [h("i", {class: "dot", style: {background: colour}}), h("span", {class: "cut"}, group ? group.name : empty), h("span", {class: "n"}, group ? `· ${group.n} ▾` : "▾")], () => groupSheet(name), group ? `${group.definition || group.name} · ${group.records}` : "choose who is compared");
    fill(line, side("group", a, "var(--eg-selected, #e69f00)", "choose a group"), "against", side("against", b, "var(--eg-rest, #98a2b3)", "the rest"), "· unit:", token("unit", "small", ["patient ", h("b", {}, "▾")], unitSheet), "· adjusted for",
      (said.adjust || []).map((each) => h("button", {type: "button", class: "token small", title: `adjusted for ${each.name}; click to leave it out`, "aria-label": `no longer adjust for ${each.title}`, onclick: () => emit(model, "adjust", {name: each.name, on: false})}, each.title, h("b", {}, "✕"))),
      token("adjust", "small", "+", adjustSheet, "adjust for something else"), h("span", {class: "push"}),
      h("span", {class: "ends"}, "then ", h("button", {type: "button", onclick: () => emit(model, "jump", {})}, "replicate ↓"), " and ", h("button", {type: "button", onclick: () => emit(model, "jump", {})}, "dossier ↓")));
    const lines = get("facts");
    fill(facts, (lines.said || []).map((words) => h("span", {}, words)), lines.warn ? h("span", {class: "warn"}, lines.warn) : null, h("span", {class: "push"}), work, h("span", {class: "tried"}, lines.tried || ""));
    const task = model.get("task");
    work.style.display = task ? "" : "none";
    fill(work, task ? [h("progress", {max: 1, value: model.get("progress"), "aria-label": "progress"}), h("span", {role: "status"}, `${task} …`), h("button", {class: "plain", type: "button", onclick: () => emit(model, "cancel", {})}, "cancel")] : null);
    if (task) work.firstChild.value = model.get("progress");
    trouble.textContent = model.get("trouble") || "";
    trouble.style.display = trouble.textContent ? "" : "none";
  }
  const outside = (event) => { if (sheet && !event.composedPath().includes(root)) close(); };
  window.addEventListener("pointerdown", outside);
  root.addEventListener("pointerdown", (event) => { if (sheet && !event.composedPath().includes(sheet) && !event.composedPath().some((item) => item.classList?.contains("token"))) close(); });
  const stop = watch(model, ["sentence", "choices", "facts", "task", "progress", "trouble"], draw);
  draw();
  return () => { window.removeEventListener("pointerdown", outside); stop(); };
}

export default {render};
