// Cases to read by topic, what is due, assignments, and joining a class.
import {BASE, emit, fill, h, watch} from "./dom.js";

const STYLE = `
.eg-shelf { overflow: auto; background: none; } .eg-shelf .cols { display: grid; gap: 8px; grid-template-columns: minmax(0, 1fr) 300px; grid-template-rows: auto 1fr; align-items: start; } .eg-shelf .topics { grid-row: 1 / 3; } .eg-shelf aside { grid-column: 2; }
.eg-shelf .pane { background: var(--eg-panel); border: 1px solid var(--eg-line); border-radius: var(--eg-radius, 8px); overflow: hidden; }
.eg-shelf .topics { columns: 290px; column-gap: 8px; } .eg-shelf .topics > .pane { break-inside: avoid; margin-bottom: 8px; }
.eg-shelf .case { display: grid; grid-template-columns: 22px minmax(0, 1fr) auto; gap: 8px; align-items: baseline; padding: 8px 12px; border-top: 1px solid var(--eg-line); color: inherit; text-decoration: none; }
.eg-shelf .case:hover { background: var(--eg-raised); } .eg-shelf .case .sign { font-weight: 700; color: var(--eg-muted); text-align: center; } .eg-shelf .case .sign.full { color: var(--eg-good); } .eg-shelf .case .sign.half { color: var(--eg-fair); }
.eg-shelf .case b { font-weight: 600; } .eg-shelf .dots { letter-spacing: 1px; color: var(--eg-muted); font-size: 10px; }
.eg-shelf aside { display: grid; gap: 8px; } .eg-shelf .inside { padding: 10px 12px; line-height: 1.5; } .eg-shelf .inside p { margin: 0 0 6px; }
.eg-shelf form { display: grid; gap: 8px; } .eg-shelf label { display: grid; gap: 2px; font-size: 11.5px; color: var(--eg-muted); } .eg-shelf select { width: 100%; height: 34px; } .eg-shelf input { height: 34px; border: 1px solid var(--eg-line); border-radius: 8px; padding: 0 10px; background: var(--eg-panel); color: var(--eg-ink); font-size: 14px; width: 100%; }
.eg-shelf .main { display: inline-block; background: var(--eg-ink); color: var(--eg-panel); border: 0; border-radius: 8px; padding: 8px 14px; font-weight: 600; text-decoration: none; } .eg-shelf .bad { color: var(--eg-accent); }
.eg-shelf .bits { display: flex; gap: 3px; flex-wrap: wrap; } .eg-shelf .bits i { width: 18px; height: 5px; border-radius: 3px; background: var(--eg-raised); } .eg-shelf .bits i.on { background: var(--eg-ink); }
@container frame (max-width: 900px) { .eg-shelf .cols { grid-template: none / minmax(0, 1fr); } .eg-shelf .topics, .eg-shelf aside { grid-area: auto; } .eg-shelf aside.first { order: -1; } }
`;

function render({model, el}) {
  const t = (text) => (model.get("texts") || {})[text] ?? text;
  const root = h("div", {class: "eg eg-shelf"});
  el.append(h("style", {}, BASE + STYLE), root);

  function sign(best) { return best === null || best === undefined ? ["", "○", t("not read yet")] : best >= 0.85 ? ["full", "✓", `${Math.round(100 * best)} %`] : ["half", "◐", `${Math.round(100 * best)} %`]; }
  function caseRow(item) {
    const [kind, mark, words] = sign(item.best);
    return h("a", {class: "case", href: item.href}, h("span", {class: `sign ${kind}`, title: words, "aria-label": words}, mark), h("span", {class: "cut"}, h("b", {}, item.title), h("br", {}), h("span", {class: "quiet"}, item.text)), h("span", {class: "dots", "aria-label": `${t("level")} ${item.level} ${t("of")} 4`}, "●".repeat(item.level) + "○".repeat(4 - item.level)));
  }
  function topic(group) {
    return h("section", {class: "pane"}, h("div", {class: "head"}, h("h2", {}, group.title), h("span", {class: "push quiet"}, `${group.done} / ${group.of}`)), group.cases.map(caseRow));
  }
  function joining() {
    const code = h("input", {name: "code", autocomplete: "off", maxlength: 8, required: true}), name = h("input", {name: "name", autocomplete: "nickname", maxlength: 40, required: true});
    const send = (event) => { event.preventDefault(); emit(model, "join", {code: code.value, name: name.value}); };
    return h("section", {class: "pane"}, h("div", {class: "head"}, h("h2", {}, t("Join a class"))), h("form", {class: "inside", onsubmit: send}, h("label", {}, t("Class code"), code), h("label", {}, t("Your name in this class"), name), model.get("trouble") ? h("p", {class: "bad", role: "alert"}, model.get("trouble")) : null, h("button", {class: "main"}, t("Join"))));
  }
  function keeping() {
    const record = h("input", {name: "record", autocomplete: "off", maxlength: 80, required: true}), title = h("input", {name: "title", autocomplete: "off", minlength: 3, maxlength: 80, required: true});
    const conclusion = h("select", {name: "condition", "aria-label": t("Conclusion"), required: true}, h("option", {value: ""}, "–"), (model.get("keeping").conclusions || []).map(([key, text]) => h("option", {value: key}, text)));
    const send = (event) => { event.preventDefault(); emit(model, "keep", {record: record.value, condition: conclusion.value, title: title.value}); };
    return h("section", {class: "pane"}, h("div", {class: "head"}, h("h2", {}, t("A record as a case"))), h("form", {class: "inside", onsubmit: send}, h("label", {}, t("Record (id or source)"), record), h("label", {}, t("Conclusion"), conclusion), h("label", {}, t("Title"), title), h("button", {class: "main"}, t("Save as case"))));
  }
  function draw() {
    const person = model.get("person") || {}, due = model.get("due") || {};
    const me = h("section", {class: "pane"}, h("div", {class: "head"}, h("h2", {}, person.name || t("You")), h("span", {class: "push quiet cut"}, (person.classes || []).join(", "))),
      h("div", {class: "inside"}, h("p", {}, due.text), due.href ? h("a", {class: "main", href: due.href}, due.count ? t("Repeat now") : t("Start a quiz")) : null));
    const tasks = (model.get("tasks") || []).map((task) => h("section", {class: "pane"}, h("div", {class: "head"}, h("h2", {class: "cut"}, task.title), h("span", {class: "push quiet"}, `${task.done} / ${task.of}`)), h("div", {class: "inside"}, h("p", {class: "quiet"}, task.text), h("div", {class: "bits", "aria-hidden": "true"}, Array.from({length: task.of}, (_, k) => h("i", {class: k < task.done ? "on" : ""}))), h("p", {}), h("a", {class: "main", href: task.href}, t("Open")))));
    const lessons = h("section", {class: "pane"}, h("div", {class: "head"}, h("h2", {}, t("Lessons")), h("span", {class: "push quiet"}, t("notebooks"))), h("div", {class: "inside"}, (model.get("lessons") || []).map((lesson) => h("div", {}, h("span", {class: "quiet"}, `${lesson.number}  `), lesson.title))));
    fill(root, h("div", {class: "cols"}, h("div", {class: "topics"}, (model.get("topics") || []).map(topic)), h("aside", {class: "first"}, me, tasks, person.joined || person.known ? null : joining()), h("aside", {class: "later"}, (model.get("keeping") || {}).conclusions ? keeping() : null, lessons)));
  }
  function keep() {
    const ticket = model.get("ticket") || {};
    if (!ticket.name) return;
    document.cookie = `${ticket.name}=${ticket.value}; path=/; max-age=${Math.round(ticket.days * 86400)}; samesite=strict`;
    window.location.href = ticket.href;
  }
  draw();
  const stops = [watch(model, ["person", "due", "tasks", "topics", "lessons", "keeping", "texts"], draw), watch(model, ["trouble"], () => { const field = root.querySelector('input[name="name"]'), code = root.querySelector('input[name="code"]'); const kept = [field?.value, code?.value]; draw(); const [a, b] = [root.querySelector('input[name="name"]'), root.querySelector('input[name="code"]')]; if (a) { a.value = kept[0] || ""; b.value = kept[1] || ""; b.focus(); } }), watch(model, ["ticket"], keep)];
  return () => { for (const stop of stops) stop(); };
}

export default {render};
