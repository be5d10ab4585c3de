// Candidates: what sets a group apart, as a forest of effect sizes with their intervals.
import {follow} from "./chart/theme.js";
import {BASE, emit, fill, h, hue, number, svg, watch} from "./dom.js";
import {badge as shape} from "./finding/forest.js";

const STYLE = `
.eg-candidates { display: flex; flex-direction: column; container-type: inline-size; }
.eg-candidates .badge { background: var(--eg-selected-soft, #fff4dc); color: var(--eg-selected-ink, #7a5200); font-weight: 600; font-size: 11px; border-radius: 6px; padding: 2px 7px; }
.eg-candidates .scroll { flex: 1; overflow: auto; min-height: 0; transition: opacity .15s; }
.eg-candidates.stale .scroll { opacity: .45; }
.eg-candidates table { border-collapse: collapse; width: 100%; }
.eg-candidates th { position: sticky; top: 0; background: var(--eg-panel, #fff); z-index: 1; text-align: left; font-weight: 400; color: var(--eg-muted, #667085); font-size: 11.5px; padding: 6px; box-shadow: inset 0 -1px var(--eg-line, #e3e6eb); white-space: nowrap; }
.eg-candidates td { padding: 0 6px; height: 30px; border-bottom: 1px solid var(--eg-line, #e3e6eb); white-space: nowrap; }
.eg-candidates th:first-child, .eg-candidates td:first-child { padding-left: 12px; }
.eg-candidates th:last-child, .eg-candidates td:last-child { padding-right: 12px; }
.eg-candidates .n { text-align: right; }
.eg-candidates tbody tr { cursor: pointer; }
.eg-candidates tbody tr:hover { background: var(--eg-raised, #eef0f4); }
.eg-candidates tbody tr.open { background: var(--eg-selected-soft, #fff4dc); }
.eg-candidates td .name { background: none; border: 0; padding: 2px 0; display: flex; align-items: center; gap: 6px; max-width: 168px; }
.eg-candidates .mark { width: 8px; height: 8px; border-radius: 2px; flex: none; }
.eg-candidates .forest { width: 100%; min-width: 84px; }
.eg-candidates .wide { overflow: hidden; text-overflow: ellipsis; max-width: 0; }
.eg-candidates svg { display: block; width: 100%; height: 18px; overflow: visible; }
.eg-candidates .weak { color: var(--eg-muted, #667085); }
.eg-candidates .progress { height: 2px; background: transparent; overflow: hidden; flex: none; }
.eg-candidates .progress.on { background: linear-gradient(90deg, transparent, var(--eg-selected, #e69f00), transparent) 0 0 / 40% 100% no-repeat; animation: eg-run 1.1s linear infinite; }
@keyframes eg-run { from { background-position: -60% 0; } to { background-position: 160% 0; } }
@media (prefers-reduced-motion: reduce) { .eg-candidates .progress.on { animation: none; background: var(--eg-selected, #e69f00); } }
@container (max-width: 400px) { .eg-candidates .optional { display: none; } .eg-candidates td .name { max-width: 128px; } }
`;

const share = (value) => number(value, 2).replace(/^(−?)0\./, "$1.");
const chance = (value) => value === null || value === undefined ? "–" : value < 0.001 ? "<.001" : number(value, 3).replace(/^0\./, ".");

function forest(row, colour) {
  const at = (value) => 4 + 92 * Math.min(1, Math.max(0, value));
  const drawing = svg("svg", {viewBox: "0 0 100 18", preserveAspectRatio: "none", "aria-hidden": "true"});
  const line = (x1, x2, y1, y2, stroke, width) => svg("line", {x1, x2, y1, y2, stroke, "stroke-width": width, "vector-effect": "non-scaling-stroke"});
  drawing.append(line(4, 96, 9, 9, "var(--eg-line, #e3e6eb)", 1), line(50, 50, 4, 14, "var(--eg-faint, #98a2b3)", 1));
  if (row.low !== null && row.high !== null) drawing.append(line(at(row.low), at(row.high), 9, 9, colour, 2));
  // a zero-length round-capped line stays a round dot however the drawing is stretched
  const dot = line(at(row.auc), at(row.auc), 9, 9, colour, 8);
  dot.setAttribute("stroke-linecap", "round");
  drawing.append(dot);
  return drawing;
}

function render({model, el}) {
  const head = h("div", {class: "head"});
  const progress = h("div", {class: "progress", role: "progressbar", "aria-label": "computing"});
  const scroll = h("div", {class: "scroll"});
  const root = h("section", {class: "eg eg-candidates", "aria-label": "Candidates"}, head, progress, scroll);
  el.append(h("style", {}, BASE + STYLE), root);

  function line(row, open) {
    const colour = hue(row.dimension), choose = () => emit(model, "choose", {biomarker: row.biomarker});
    const interval = row.low === null ? "" : ` (95 % ${share(row.low)}–${share(row.high)})`;
    const weak = row.q !== null && row.q >= 0.05 ? "weak" : "";
    return h("tr", {class: `${row.biomarker === open ? "open" : ""}`, "data-biomarker": row.biomarker, onclick: choose},
      h("td", {}, h("button", {class: "name", title: [row.biomarker, row.dimension, row.badge].filter(Boolean).join(" · ")}, ["validated", "replicated"].includes(row.badge) ? shape(row.badge, colour) : h("i", {class: "mark", style: {background: colour}}), h("span", {class: "cut"}, row.biomarker))),
      h("td", {class: "forest", title: `AUC ${share(row.auc)}${interval}: ${row.auc >= 0.5 ? "higher" : "lower"} in the group`}, forest(row, colour)),
      h("td", {class: `n ${weak}`}, share(row.auc)),
      h("td", {class: `n ${weak}`, title: "AUC adjusted for age and sex"}, row.adjusted === null || row.adjusted === undefined ? "–" : share(row.adjusted)),
      h("td", {class: `n ${weak}`, title: "Benjamini–Yekutieli q over all biomarkers"}, chance(row.q)),
      h("td", {class: "n quiet optional", title: "patients with a value: group, rest"}, `${row.n_group} / ${row.n_rest}`));
  }

  function draw() {
    const rows = model.get("rows") || [], state = model.get("state"), open = model.get("opened");
    root.classList.toggle("stale", state === "stale");
    progress.classList.toggle("on", state === "preview" || state === "stale");
    const badge = model.get("badge");
    fill(head, h("h2", {}, "Candidates"), h("span", {class: "quiet cut", title: model.get("about")}, model.get("about")), h("span", {class: "push"}),
      state === "preview" ? h("span", {class: "quiet", role: "status"}, "intervals computing…") : null,
      model.get("link") ? h("a", {class: "plain", href: model.get("link"), title: "ask in full: confounders, families, panel, lock-box"}, "Discover this group") : null,
      badge ? h("span", {class: "badge", title: model.get("badge_text")}, badge) : null);
    if (!rows.length) {
      fill(scroll, h("div", {class: "none", role: state === "failed" ? "alert" : null}, model.get("message") || "Draw a group on the map."));
      return;
    }
    const top = scroll.scrollTop;
    fill(scroll, h("table", {},
      h("thead", {}, h("tr", {}, h("th", {scope: "col"}, "Biomarker"), h("th", {scope: "col", class: "wide", title: "area under the curve with its 95 % interval: left of the mark lower in the group, right of it higher"}, "AUC, 95 %"), h("th", {}), h("th", {class: "n", scope: "col"}, "adj."),
        h("th", {class: "n", scope: "col"}, "q"), h("th", {class: "n optional", scope: "col"}, "n, rest"))),
      h("tbody", {}, rows.map((row) => line(row, open)))));
    scroll.scrollTop = top;
  }

  const undress = follow(model, root, () => {});
  const stop = watch(model, ["rows", "state", "opened", "badge", "badge_text", "about", "message", "link"], draw);
  draw();
  return () => { undress(); stop(); };
}

export default {render};
