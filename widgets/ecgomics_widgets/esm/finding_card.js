// What stands behind one candidate: who has more of it, dose and response, subgroups, records to look at, its definition.
import {BASE, emit, fill, h, hue, watch} from "./dom.js";
import {badge, curve, forest, section, share} from "./finding/forest.js";

const STYLE = `
.eg-finding { display: flex; flex-direction: column; }
.eg.eg-finding[data-part="head"] { height: auto; }
.eg-finding .scroll { flex: 1; min-height: 0; overflow: auto; }
.eg-finding.stale .scroll { opacity: .45; }
.eg-finding .part { padding: 8px 12px 10px; border-bottom: 1px solid var(--eg-line, #e3e6eb); }
.eg-finding .part:last-child { border-bottom: 0; }
.eg-finding h3 { font-size: 12.5px; font-weight: 600; margin: 0 0 4px; } .eg-finding h3 .quiet { font-weight: 400; margin-left: 4px; }
.eg-finding .stamp { display: inline-flex; align-items: center; gap: 5px; background: var(--eg-raised, #eef0f4); border-radius: 6px; padding: 2px 8px; font-size: 11.5px; font-weight: 600; }
.eg-finding .sides { display: flex; gap: 6px 18px; flex-wrap: wrap; padding-top: 6px; } .eg-finding .sides .a { color: var(--eg-selected-ink, #7a5200); }
.eg-finding .sub { display: grid; grid-template-columns: minmax(88px, 1.2fr) minmax(70px, 1.3fr) 32px 64px; gap: 8px; align-items: center; }
.eg-finding .sub svg { width: 100%; height: 18px; display: block; overflow: visible; } .eg-finding .sub .n { text-align: right; }
.eg-finding .chips { display: flex; flex-wrap: wrap; gap: 5px; }
.eg-finding .curve { max-width: 340px; }
.eg-finding p { margin: 4px 0 0; font-size: 11.5px; line-height: 1.5; color: var(--eg-muted, #667085); }
`;

function render({model, el}) {
  const part = model.get("part");
  const head = h("div", {class: "head"}), scroll = h("div", {class: "scroll"});
  const root = h("section", {class: "eg eg-finding", "data-part": part, "aria-label": part === "head" ? "Candidate" : "Evidence"}, part === "head" ? head : null, scroll);
  el.append(h("style", {}, BASE + STYLE), root);

  function title(card) {
    fill(head, h("h2", {class: "cut"}, card.name || "Evidence"), h("span", {class: "quiet"}, card.facts || ""), h("span", {class: "push"}), h("button", {class: "plain", type: "button", "aria-label": "close", onclick: () => emit(model, "close", {})}, "✕"));
    fill(scroll, card.name ? h("div", {class: "part"}, h("div", {}, h("span", {class: "stamp"}, badge(card.badge, hue(card.dimension)), card.badge_title), h("span", {class: "quiet"}, ` ${card.halves || ""}`)),
      h("div", {class: "sides"}, h("span", {class: "a"}, h("b", {}, `A ${card.group.value} `), h("span", {class: "quiet"}, card.group.spread)), h("span", {}, h("b", {}, `B ${card.rest.value} `), h("span", {class: "quiet"}, card.rest.spread)))) : h("div", {class: "none"}, model.get("message") || "Click a candidate: what stands behind it is shown here."));
  }
  function body(card) {
    const dose = card.dose || [], parts = [];
    if (dose.length > 1) {
      const top = Math.min(1, Math.max(...dose.map((bin) => bin.high)) * 1.05), per = (value) => `${Math.round(100 * value)} %`;
      parts.push(section("Dose and response", card.dose_about, curve({title: "share of the group by quantile", width: 320, height: 150, colour: hue(card.dimension), x: [-0.4, dose.length - 0.6], y: [0, top],
        points: dose.map((bin, k) => ({x: k, y: bin.share, low: bin.low, high: bin.high})), ticks: [0, top / 2, top].map((at) => ({at, text: per(at)})), labels: dose.map((bin, k) => ({at: k, text: bin.range})), named: (point) => per(point.y)})));
    }
    if ((card.subgroups || []).length) {
      const from = Math.min(0.4, ...card.subgroups.map((row) => row.low ?? 1)), to = Math.max(0.6, ...card.subgroups.map((row) => row.high ?? 0));
      parts.push(section("Subgroups", "AUC, 95 % · n in A, in B", card.subgroups.map((row) => h("div", {class: "sub", title: row.title}, h("span", {class: "cut", style: {fontWeight: row.all ? 600 : 400}}, row.name), forest({value: row.auc, low: row.low, high: row.high}, {colour: hue(card.dimension), from, to}), h("span", {class: "n"}, share(row.auc)), h("span", {class: "n quiet"}, row.n))), card.interaction ? h("p", {}, card.interaction) : null));
    }
    if ((card.records || []).length) parts.push(section("Look at", "opens in Explore", h("div", {class: "chips"}, card.records.map((row) => h("a", {class: `chip ${row.group ? "group" : ""}`, href: row.href, target: "_blank", rel: "noopener", title: row.title, style: {textDecoration: "none"}}, row.text)))));
    if (card.definition) parts.push(section("Definition", "", h("p", {}, card.definition), (card.sources || []).map((words) => h("p", {}, words))));
    fill(scroll, parts);
  }
  function draw() {
    const card = model.get("card") || {};
    root.classList.toggle("stale", model.get("state") === "stale");
    if (part === "head") title(card);
    else body(card);
  }
  const stop = watch(model, ["card", "state", "message"], draw);
  draw();
  return stop;
}

export default {render};
