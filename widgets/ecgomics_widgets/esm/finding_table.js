// Candidates with both effects side by side, folded by family; what adjustment took away stays, greyed, with the reason.
import {BASE, emit, fill, h, hue, watch} from "./dom.js";
import {badge, chance, forest, share} from "./finding/forest.js";

const STYLE = `
.eg-findings { display: flex; flex-direction: column; container-type: inline-size; }
.eg-findings .scroll { flex: 1; overflow: auto; min-height: 0; }
.eg-findings.stale .scroll { opacity: .45; }
.eg-findings table { border-collapse: collapse; width: 100%; }
.eg-findings th { position: sticky; top: 0; z-index: 1; background: var(--eg-panel, #fff); text-align: left; font-weight: 400; color: var(--eg-muted, #667085); font-size: 11.5px; padding: 6px; box-shadow: inset 0 -1px var(--eg-line, #e3e6eb); white-space: nowrap; }
.eg-findings td { padding: 0 6px; height: 30px; border-bottom: 1px solid var(--eg-line, #e3e6eb); white-space: nowrap; }
.eg-findings .n { text-align: right; }
.eg-findings tbody tr.row { cursor: pointer; }
.eg-findings tbody tr.row:hover { background: var(--eg-raised, #eef0f4); }
.eg-findings tbody tr.open { background: var(--eg-selected-soft, #fff4dc); }
.eg-findings .tick { width: 26px; padding: 0 0 0 12px; }
.eg-findings .tick input { width: 16px; height: 16px; margin: 0; accent-color: var(--eg-ink, #161a22); vertical-align: middle; }
.eg-findings .name { background: none; border: 0; padding: 2px 0; display: flex; align-items: center; gap: 7px; max-width: 180px; }
.eg-findings .child .name { padding-left: 16px; }
.eg-findings .shape { flex: none; }
.eg-findings .axis { min-width: 70px; width: 22%; }
.eg-findings .axis svg { display: block; width: 100%; height: 18px; overflow: visible; }
.eg-findings .value b { font-weight: 600; } .eg-findings .value span { color: var(--eg-muted, #667085); font-size: 11.5px; margin-left: 4px; }
.eg-findings .bar { display: inline-block; width: 34px; height: 5px; border-radius: 3px; background: var(--eg-raised, #eef0f4); vertical-align: 2px; margin-right: 5px; overflow: hidden; }
.eg-findings .bar i { display: block; height: 100%; background: var(--eg-rest, #98a2b3); }
.eg-findings .cutrow td { background: var(--eg-ground, #f4f5f7); color: var(--eg-muted, #667085); font-size: 11.5px; height: 26px; padding-left: 12px; }
.eg-findings .gone td { color: var(--eg-muted, #667085); } .eg-findings .gone .value b { font-weight: 400; }
.eg-findings .family { background: none; border: 0; padding: 3px 4px; margin-left: -4px; border-radius: 6px; color: inherit; width: 100%; text-align: left; }
.eg-findings .kin { width: 22%; min-width: 96px; max-width: 0; overflow: hidden; text-overflow: ellipsis; padding-right: 10px; }
.eg-findings .family:hover { background: var(--eg-raised, #eef0f4); }
.eg-findings .switch { display: inline-flex; flex: none; border: 1px solid var(--eg-line, #e3e6eb); border-radius: 6px; overflow: hidden; }
.eg-findings .switch button { border: 0; background: none; padding: 3px 9px; font-size: 11.5px; color: var(--eg-muted, #667085); }
.eg-findings .switch button[aria-pressed="true"] { background: var(--eg-ink, #161a22); color: var(--eg-panel, #fff); }
.eg-findings .stamp { background: var(--eg-selected-soft, #fff4dc); color: var(--eg-selected-ink, #7a5200); border-radius: 6px; padding: 2px 7px; font-size: 11px; font-weight: 600; }
@container (max-width: 640px) { .eg-findings .name { max-width: 148px; } .eg-findings .bar { display: none; } }
@container (max-width: 520px) { .eg-findings .optional, .eg-findings .axis { display: none; } .eg-findings .name { max-width: 128px; } .eg-findings .kin { min-width: 70px; } }
`;

function render({model, el}) {
  const head = h("div", {class: "head"}), scroll = h("div", {class: "scroll"});
  const root = h("section", {class: "eg eg-findings", "aria-label": "Candidates"}, head, scroll);
  el.append(h("style", {}, BASE + STYLE), root);

  function line(row) {
    const colour = row.gone ? "var(--eg-rest, #98a2b3)" : hue(row.dimension);
    const interval = row.low === null ? "" : `${share(row.low)}–${share(row.high)}`;
    const tick = row.tickable ? h("input", {type: "checkbox", checked: row.ticked, "aria-label": `tick ${row.biomarker} for replication`, onclick: (event) => { event.stopPropagation(); emit(model, "tick", {biomarker: row.biomarker, on: event.target.checked}); }}) : null;
    const family = row.size > 1 && !row.child ? h("button", {class: "family cut", type: "button", "aria-expanded": row.unfolded ? "true" : "false", title: `${row.size} biomarkers that say the same`, onclick: (event) => { event.stopPropagation(); emit(model, "unfold", {biomarker: row.biomarker}); }}, `${row.unfolded ? "▾" : "▸"} ${row.family} · ${row.size}`)
      : h("span", {class: "quiet"}, row.reason || (row.child ? `r ${share(row.correlation)}` : row.family || ""));
    return h("tr", {class: ["row", row.biomarker === model.get("opened") ? "open" : "", row.child ? "child" : "", row.gone ? "gone" : ""].join(" "), "data-biomarker": row.biomarker, onclick: () => emit(model, "open", {biomarker: row.biomarker})},
      h("td", {class: "tick"}, tick),
      h("td", {}, h("button", {class: "name", type: "button", title: `${row.biomarker} · ${row.dimension} · ${row.badge}`}, badge(row.badge, row.gone ? hue(row.dimension) : colour), h("span", {class: "cut"}, row.biomarker))),
      h("td", {class: "axis", title: `AUC ${share(row.auc)} (${interval}): ${row.auc >= 0.5 ? "higher" : "lower"} in the group`}, forest({value: row.auc, low: row.low, high: row.high}, {colour, faded: row.gone})),
      h("td", {class: "value"}, h("b", {}, share(row.auc)), h("span", {class: "optional"}, interval)),
      h("td", {class: "n"}, share(row.adjusted)), h("td", {class: "n"}, chance(row.q)),
      h("td", {class: "optional"}, row.stability === null ? h("span", {class: "quiet"}, "–") : [h("span", {class: "bar"}, h("i", {style: {width: `${100 * row.stability}%`}})), h("span", {class: "quiet"}, share(row.stability))]),
      h("td", {class: "kin"}, family));
  }

  function draw() {
    const rows = model.get("rows") || [], folded = model.get("folded"), about = model.get("about") || "";
    root.classList.toggle("stale", model.get("state") === "stale");
    const way = (name, words) => h("button", {type: "button", "aria-pressed": folded === name ? "true" : "false", onclick: () => emit(model, "fold", {name})}, words);
    const stamp = model.get("stamp");
    fill(head, h("h2", {}, "Candidates"), h("span", {class: "quiet cut", title: about}, about), h("span", {class: "push"}), stamp ? h("span", {class: "stamp", title: model.get("stamp_text") || ""}, stamp) : null, h("span", {class: "switch", role: "group", "aria-label": "order"}, way("families", "families"), way("all", "all")));
    if (!rows.length) { fill(scroll, h("div", {class: "none"}, model.get("message") || "")); return; }
    const top = scroll.scrollTop, columns = model.get("adjusted") ? "adjusted" : "";
    const body = [];
    let gone = false;
    for (const row of rows) {
      if (row.gone && !gone) body.push(h("tr", {class: "cutrow"}, h("td", {colspan: 8}, model.get("gone_text") || "lost when adjusted")));
      gone = row.gone;
      body.push(line(row));
    }
    fill(scroll, h("table", {}, h("thead", {}, h("tr", {}, h("th", {}), h("th", {scope: "col"}, "Biomarker"), h("th", {class: "axis", scope: "col"}, "AUC, 95 %"), h("th", {}, h("span", {class: "quiet"}, "")), h("th", {class: "n", scope: "col", title: "AUC with the confounders held equal"}, columns), h("th", {class: "n", scope: "col", title: "Benjamini–Yekutieli over all biomarkers; the larger of unadjusted and adjusted"}, "q"), h("th", {class: "optional", scope: "col", title: "how often it is selected in halves of the patients"}, "Stability"), h("th", {scope: "col"}, "Family"))), h("tbody", {}, body)));
    scroll.scrollTop = top;
  }
  const stop = watch(model, ["rows", "folded", "about", "state", "opened", "message", "gone_text", "adjusted", "stamp", "stamp_text"], draw);
  draw();
  return stop;
}

export default {render};
