// The frame of Learn: tabs, the story of a case, and panes around the strip as each view wants them.
import {BASE, emit, fill, h, watch} from "./dom.js";
import {SHELL, shell, slot, typing} from "./page_shell.js";

const STYLE = `
.frame .whole { grid-template-rows: 44px auto minmax(0, 1fr) 26px; }
.frame .tabs { display: flex; gap: 4px; align-items: center; padding: 6px 8px 0; min-width: 0; flex-wrap: wrap; }
.frame .tabs a { color: var(--eg-muted); text-decoration: none; padding: 6px 12px; border-radius: 15px; border: 1px solid transparent; } .frame .tabs a:hover { color: var(--eg-ink); background: var(--eg-raised); }
.frame .tabs a[aria-current] { color: var(--eg-panel); background: var(--eg-ink); font-weight: 600; }
.frame .tabs .who { margin-left: auto; color: var(--eg-muted); font-size: 12px; display: flex; gap: 8px; align-items: center; } .frame .tabs select, .frame .tabs .out { border: 1px solid var(--eg-line); border-radius: 8px; background: var(--eg-panel); color: var(--eg-ink); font-size: 12px; height: 28px; padding: 0 6px; }
.frame main { display: grid; gap: 8px; padding: 8px; min-height: 0; }
.frame main[data-view="virtual"] { grid-template: auto minmax(0, 1fr) / 290px minmax(0, 1fr) 330px; grid-template-areas: "left top side" "left strip side"; }
.frame main[data-view="case"], .frame main[data-view="quiz"] { grid-template: auto minmax(0, 1fr) / minmax(0, 1fr) 370px; grid-template-areas: "story side" "strip side"; }
.frame main[data-view="cases"], .frame main[data-view="class"] { grid-template: minmax(0, 1fr) / minmax(0, 1fr); grid-template-areas: "board"; }
.frame [data-slot="left"] { grid-area: left; } .frame [data-slot="top"] { grid-area: top; } .frame [data-slot="strip"] { grid-area: strip; } .frame [data-slot="board"] { grid-area: board; } .frame .story { grid-area: story; }
.frame .side { grid-area: side; display: grid; gap: 8px; min-height: 0; grid-template-rows: minmax(0, 1fr); } .frame .side.two { grid-template-rows: 268px minmax(0, 1fr); }
.frame .story { padding: 10px 14px; display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 4px 20px; } .frame .story h2 { font-size: 14px; margin: 0; display: inline; } .frame .story .chip { margin-left: 6px; } .frame .story p { margin: 0; line-height: 1.45; } .frame .story .aim { color: var(--eg-muted); }
.frame .story .progress { text-align: right; color: var(--eg-muted); font-size: 12px; } .frame .story .bits { display: flex; gap: 3px; margin-top: 6px; justify-content: flex-end; } .frame .story .bits i { width: 20px; height: 5px; border-radius: 3px; background: var(--eg-raised); } .frame .story .bits i.on { background: var(--eg-ink); }
@container frame (max-width: 1150px) {
  .frame main[data-view="virtual"] { grid-template: auto minmax(300px, 1fr) minmax(220px, .8fr) / 260px minmax(0, 1fr); grid-template-areas: "left top" "left strip" "left side"; } .frame .side.two { grid-template: minmax(0, 1fr) / 1fr 1.2fr; }
  .frame main[data-view="case"], .frame main[data-view="quiz"] { grid-template-columns: minmax(0, 1fr) 320px; }
}
@container frame (max-width: 700px) {
  .frame .whole { grid-template-rows: 44px auto minmax(0, 1fr) 26px; } .frame .tabs { flex-wrap: nowrap; overflow-x: auto; padding: 4px 6px 0; } .frame .tabs a { padding: 8px 10px; white-space: nowrap; } .frame .tabs .who .name { display: none; }
  .frame main[data-view] { display: flex; flex-direction: column; overflow-y: auto; padding: 6px; gap: 6px; } .frame main > * { flex: none; }
  .frame [data-slot="strip"] { height: 410px; } .frame main[data-view="virtual"] [data-slot="strip"] { position: sticky; top: -6px; z-index: 15; order: -1; height: 270px; }
  .frame [data-slot="left"], .frame .side > * { height: auto; } .frame .side, .frame .side.two { display: flex; flex-direction: column; } .frame .side .slot.fill > *, .frame [data-slot="left"] > * { height: auto !important; } .frame .side.two > :first-child { height: 250px; } .frame .side.two > :first-child > * { height: 100% !important; }
  .frame .story { grid-template-columns: minmax(0, 1fr); } .frame .story .progress { text-align: left; } .frame .story .bits { justify-content: flex-start; } .frame [data-slot="board"] > * { height: auto !important; }
}
`;

function render({model: own, view, el}) {
  const model = view.model_proxy, place = own.get("place"), kind = own.get("view");
  const t = (text) => (own.get("texts") || {})[text] ?? text;
  const root = h("div", {class: "frame eg", tabindex: -1, "data-place": place});
  const outside = shell(own, {root, note: own.get("help")});
  const tabs = h("nav", {class: "tabs", "aria-label": t("Learn")}), story = h("section", {class: "story pane", "aria-label": t("case")});
  const body = {
    virtual: () => [slot(model, "left", "pane fill"), slot(model, "top", "pane"), slot(model, "strip", "pane fill"), h("div", {class: "side two"}, slot(model, "side", "pane fill"), slot(model, "below", "pane fill"))],
    case: () => [story, slot(model, "strip", "pane fill"), h("div", {class: "side"}, slot(model, "side", "pane fill"))],
    cases: () => [slot(model, "board", "fill")],
  };
  const main = h("main", {"data-view": kind}, (body[{quiz: "case", class: "cases"}[kind] || kind] || body.cases)());
  root.append(h("div", {class: "whole eg"}, outside.head, tabs, main, outside.foot));
  el.append(h("style", {}, own.get("tokens") + BASE + SHELL + STYLE), root);
  document.documentElement.lang = own.get("language") || "en";

  function around() {
    const who = own.get("person") || {};
    fill(tabs, (own.get("tabs") || []).map((tab) => h("a", {href: tab.href, "aria-current": tab.current ? "page" : null}, tab.title)),
      h("span", {class: "who"}, h("span", {class: "name"}, who.name || ""), who.joined ? h("button", {class: "out", onclick: leave}, t("Leave")) : null,
        h("select", {"aria-label": t("Language"), onchange: (event) => { document.cookie = `ecgomics_language=${event.target.value}; path=/; max-age=31536000; samesite=strict`; window.location.reload(); }}, (own.get("languages") || []).map(([code, name]) => h("option", {value: code, selected: code === own.get("language")}, name)))));
  }
  function leave() {
    // a browser that joined a class stays a student's for a while: leaving makes nobody a teacher
    document.cookie = "ecgomics_student=left; path=/; max-age=43200; samesite=strict";
    window.location.href = "learn";
  }
  function tell() {
    const matter = own.get("matter") || {};
    const bits = matter.of ? h("div", {class: "bits", "aria-hidden": "true"}, Array.from({length: Math.min(12, matter.of)}, (_, k) => h("i", {class: k < Math.round(Math.min(12, matter.of) * matter.done / matter.of) ? "on" : ""}))) : null;
    fill(story, h("div", {}, h("h2", {}, matter.title), (matter.chips || []).map((text) => h("span", {class: "chip"}, text))), h("div", {class: "progress"}, matter.progress || "", bits), h("p", {}, matter.text, " ", h("span", {class: "aim"}, matter.aim || "")));
  }
  function keys(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event)) return;
    if (place !== "page" && !event.composedPath().includes(root)) return;
    if (event.key === "?" || (event.key === "Escape" && outside.isHelping())) { event.preventDefault(); outside.help(); return; }
    if (outside.isHelping()) return;
    if ((own.get("key_names") || []).includes(event.key)) { event.preventDefault(); emit(own, "key", {key: event.key}); return; }
    const strip = (own.get("strip_keys") || []).includes(event.key) && root.querySelector('[data-slot="strip"] > *');
    const target = strip && strip.shadowRoot && strip.shadowRoot.querySelector("[tabindex]");
    if (!target || event.composedPath().includes(strip)) return;
    event.preventDefault();
    target.dispatchEvent(new KeyboardEvent("keydown", {key: event.key, code: event.code, shiftKey: event.shiftKey, bubbles: true, cancelable: true}));
  }
  around(); tell();
  const ear = place === "page" ? window : root;
  ear.addEventListener("keydown", keys);
  const stops = [watch(own, ["tabs", "person", "languages", "language"], around), watch(own, ["matter"], tell), watch(own, ["goto"], () => { if (own.get("goto")) window.location.href = own.get("goto"); })];
  const opening = requestAnimationFrame(() => outside.open());
  return () => { cancelAnimationFrame(opening); ear.removeEventListener("keydown", keys); for (const stop of stops) stop(); outside.close(); };
}

export default {render};
