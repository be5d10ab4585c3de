// The teacher's view: students by questions, the most missed, assignments by link.
import {BASE, emit, fill, h, watch} from "./dom.js";

const STYLE = `
.eg-class { overflow: auto; background: none; } .eg-class .cols { display: grid; gap: 8px; grid-template-columns: minmax(0, 1fr) 330px; align-items: start; }
.eg-class .pane { background: var(--eg-panel); border: 1px solid var(--eg-line); border-radius: var(--eg-radius, 8px); overflow: hidden; } .eg-class .inside { padding: 10px 12px; } .eg-class aside, .eg-class .mids { display: grid; gap: 8px; min-width: 0; grid-template-columns: minmax(0, 1fr); }
.eg-class .inside > p { margin: 6px 0 0; } .eg-class .given { padding: 8px 12px; border-top: 1px solid var(--eg-line); } .eg-class .given .line { display: flex; gap: 8px; align-items: baseline; } .eg-class .given .plain { margin-left: auto; white-space: nowrap; }
.eg-class .misses { display: grid; grid-template-columns: repeat(auto-fill, minmax(260px, 1fr)); }
.eg-class .wide { overflow: auto; max-height: max(240px, calc(100vh - 420px)); } .eg-class table { border-collapse: separate; border-spacing: 2px; font-size: 12px; }
.eg-class th { font-weight: 600; text-align: left; color: var(--eg-muted); } .eg-class thead th { vertical-align: bottom; padding: 0 2px 4px; } .eg-class thead .turn { writing-mode: vertical-rl; transform: rotate(180deg); max-height: 110px; overflow: hidden; white-space: nowrap; font-weight: 400; }
.eg-class tbody th { position: sticky; left: 0; background: var(--eg-panel); padding-right: 10px; white-space: nowrap; color: var(--eg-ink); } .eg-class thead .group { border-bottom: 1px solid var(--eg-line); white-space: nowrap; max-width: 0; overflow: hidden; text-overflow: ellipsis; }
.eg-class td { width: 32px; min-width: 30px; height: 24px; text-align: center; border-radius: 4px; background: var(--eg-raised); color: var(--eg-muted); }
.eg-class td.right { background: color-mix(in srgb, var(--eg-good) 26%, var(--eg-panel)); color: var(--eg-ink); } .eg-class td.partly { background: color-mix(in srgb, var(--eg-fair) 30%, var(--eg-panel)); color: var(--eg-ink); } .eg-class td.wrong { background: color-mix(in srgb, var(--eg-accent) 24%, var(--eg-panel)); color: var(--eg-ink); }
.eg-class tfoot td, .eg-class td.mean { background: none; color: var(--eg-ink); font-weight: 600; }
.eg-class .missed { width: 100%; display: grid; grid-template-columns: 46px minmax(0, 1fr); gap: 8px; text-align: left; background: none; border: 0; border-top: 1px solid var(--eg-line); padding: 8px 12px; } .eg-class .missed:hover { background: var(--eg-raised); } .eg-class .missed b { color: var(--eg-accent); }
.eg-class form { display: grid; gap: 8px; } .eg-class input[type=text], .eg-class select.box { height: 32px; border: 1px solid var(--eg-line); border-radius: 8px; padding: 0 10px; background: var(--eg-panel); color: var(--eg-ink); width: 100%; font-size: 13px; }
.eg-class .main, .eg-class .second { border: 1px solid var(--eg-line); background: var(--eg-panel); border-radius: 8px; padding: 7px 12px; font-weight: 600; } .eg-class .main { background: var(--eg-ink); color: var(--eg-panel); border-color: var(--eg-ink); }
.eg-class .picks { max-height: 220px; overflow: auto; border: 1px solid var(--eg-line); border-radius: 8px; padding: 4px 8px; } .eg-class .picks label { display: flex; gap: 6px; align-items: center; min-height: 26px; }
.eg-class .code { font: 700 20px ui-monospace, Menlo, Consolas, monospace; letter-spacing: .12em; } .eg-class .link { display: block; font-size: 11.5px; word-break: break-all; text-decoration: none; color: var(--eg-link); user-select: all; } .eg-class .bad { color: var(--eg-accent); }
@container frame (max-width: 900px) { .eg-class .cols { grid-template-columns: minmax(0, 1fr); } .eg-class .wide { max-height: none; } }
`;
const kind = (value) => value === null || value === undefined ? "" : value >= 0.85 ? "right" : value > 0.05 ? "partly" : "wrong";
const sign = {right: "✓", partly: "◐", wrong: "✕", "": "·"};
const percent = (value) => value === null || value === undefined ? "" : `${Math.round(100 * value)}`;

function render({model, el}) {
  const t = (text) => (model.get("texts") || {})[text] ?? text;
  const root = h("div", {class: "eg eg-class"});
  el.append(h("style", {}, BASE + STYLE), root);
  let picked = new Set(), count = 0;

  function matrix() {
    const {columns = [], rows = []} = model.get("matrix") || {};
    if (!rows.length || !columns.length) return h("div", {class: "none"}, t("No answers yet.\nGive the class code or an assignment's link to your students."));
    const groups = [];
    for (const column of columns) { const last = groups[groups.length - 1]; if (last && last.title === column.group) last.span += 1; else groups.push({title: column.group, span: 1}); }
    return h("div", {class: "wide", tabindex: 0, role: "region", "aria-label": t("students by questions")}, h("table", {},
      h("thead", {}, h("tr", {}, h("th", {}), groups.map((group) => h("th", {class: "group", colspan: group.span, title: group.title}, group.title)), h("th", {})), h("tr", {}, h("th", {}, t("Student")), columns.map((column) => h("th", {scope: "col"}, h("span", {class: "turn"}, column.title))), h("th", {}, "%"))),
      h("tbody", {}, rows.map((row) => h("tr", {}, h("th", {scope: "row"}, row.name), row.cells.map((cell, k) => h("td", {class: kind(cell), title: `${row.name}, ${columns[k].group}, ${columns[k].title}: ${cell === null ? t("not answered") : percent(cell) + " %"}`}, sign[kind(cell)])), h("td", {class: "mean"}, percent(row.mean))))),
      h("tfoot", {}, h("tr", {}, h("th", {}, "%"), columns.map((column) => h("td", {}, percent(column.mean))), h("td", {})))));
  }
  function address(task) { return new URL(task.link, window.location.href).href; }
  async function copy(event, task) {
    const button = event.currentTarget;
    try { await navigator.clipboard.writeText(address(task)); button.textContent = `✓ ${t("copied")}`; }
    catch { const range = document.createRange(); range.selectNodeContents(button.closest(".given").querySelector(".link")); const chosen = window.getSelection(); chosen.removeAllRanges(); chosen.addRange(range); }
  }
  function given(task) {
    return h("div", {class: "given"}, h("div", {class: "line"}, h("b", {class: "cut", title: task.title}, task.title), h("span", {class: "quiet"}, String(task.cases.length)), h("button", {class: "plain", "aria-label": `${t("Copy the link")}: ${task.title}`, onclick: (event) => copy(event, task)}, t("Copy the link"))), h("a", {class: "link", href: task.link}, address(task)));
  }
  function opening() {
    const title = h("input", {type: "text", "aria-label": t("Name of the class"), placeholder: t("Name of the class"), maxlength: 80, required: true});
    return h("form", {onsubmit: (event) => { event.preventDefault(); emit(model, "open_class", {title: title.value}); }}, title, h("button", {class: "second"}, t("New class")));
  }
  function assigning() {
    const send = h("button", {class: "main"}), count = () => fill(send, t("Assign"), picked.size ? ` (${picked.size})` : "");
    count();
    const title = h("input", {type: "text", name: "assignment", "aria-label": t("Name of the assignment"), placeholder: t("Name of the assignment"), maxlength: 80, required: true});
    const toggle = (id, on) => { if (on) picked.add(id); else picked.delete(id); count(); };
    const boxes = (model.get("cases") || []).map((item) => h("label", {}, h("input", {type: "checkbox", checked: picked.has(item.id), onchange: (event) => toggle(item.id, event.target.checked)}), h("span", {class: "cut"}, item.title, h("span", {class: "quiet"}, `  ${item.topic} · ${item.level}`))));
    return h("form", {onsubmit: (event) => { event.preventDefault(); emit(model, "assign", {title: title.value, cases: [...picked]}); picked = new Set(); }}, title, h("div", {class: "picks"}, boxes), send);
  }
  function draw() {
    const courses = model.get("courses") || [], course = courses.find((item) => item.id === model.get("course")), tasks = model.get("tasks") || [];
    const head = h("div", {class: "head"}, h("h2", {}, t("Class")), courses.length ? h("select", {"aria-label": t("class"), onchange: (event) => emit(model, "course", {id: Number(event.target.value)})}, courses.map((item) => h("option", {value: item.id, selected: item.id === model.get("course")}, `${item.title} (${item.students})`))) : null,
      course ? h("select", {"aria-label": t("assignment"), onchange: (event) => emit(model, "task", {id: Number(event.target.value)})}, h("option", {value: 0}, t("everything")), tasks.map((item) => h("option", {value: item.id, selected: item.id === model.get("task")}, item.title))) : null,
      h("span", {class: "push"}), course ? h("button", {class: "plain", onclick: () => emit(model, "export")}, "CSV ↓") : null);
    const missed = (model.get("missed") || []).map((item) => h("button", {class: "missed", onclick: () => emit(model, "case", {id: item.case})}, h("b", {}, `${Math.round(100 * item.share)} %`), h("span", {}, h("span", {}, `${item.title} · ${item.line}`), h("br", {}), h("span", {class: "quiet"}, item.text))));
    fill(root, h("div", {class: "cols"}, h("div", {class: "mids"}, h("section", {class: "pane"}, head, model.get("trouble") ? h("p", {class: "inside bad", role: "alert"}, model.get("trouble")) : null, course ? matrix() : h("div", {class: "none"}, t("No class yet.\nMake one: students join it with its code."))),
      course ? h("section", {class: "pane"}, h("div", {class: "head"}, h("h2", {}, t("Most missed"))), missed.length ? h("div", {class: "misses"}, missed) : h("div", {class: "none"}, t("Nothing yet."))) : null),
      h("aside", {}, course ? h("section", {class: "pane"}, h("div", {class: "head"}, h("h2", {}, t("Class code"))), h("div", {class: "inside"}, h("span", {class: "code"}, course.code), h("p", {class: "quiet"}, t("Join with this code, or by an assignment's link.")))) : null,
        course ? h("section", {class: "pane"}, h("div", {class: "head"}, h("h2", {}, t("Assignments"))), tasks.length ? tasks.map(given) : h("div", {class: "none"}, t("none yet"))) : null,
        course ? h("section", {class: "pane"}, h("div", {class: "head"}, h("h2", {}, t("Assign cases"))), h("div", {class: "inside"}, assigning())) : null,
        h("section", {class: "pane"}, h("div", {class: "head"}, h("h2", {}, t("New class"))), h("div", {class: "inside"}, opening())))));
  }
  function save() {
    const file = model.get("file") || {};
    if (!file.count || file.count === count) return;
    count = file.count;
    const link = h("a", {href: URL.createObjectURL(new Blob([file.text], {type: "text/csv"})), download: file.name});
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }
  draw();
  const stops = [watch(model, ["courses", "course", "tasks", "task", "matrix", "missed", "cases", "trouble", "texts"], draw), watch(model, ["file"], save)];
  return () => { for (const stop of stops) stop(); };
}

export default {render};
