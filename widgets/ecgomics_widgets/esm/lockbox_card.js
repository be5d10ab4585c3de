// The lock-box: who is set aside, what would be spent on them and with what power, what was spent before; and the dossier.
import {BASE, emit, fill, h, watch} from "./dom.js";
import {share} from "./finding/forest.js";

const STYLE = `
.eg-lockbox { display: flex; flex-direction: column; }
.eg-lockbox .scroll { flex: 1; min-height: 0; overflow: auto; padding: 6px 12px; }
.eg-lockbox .big { font-size: 22px; font-weight: 600; margin-right: 10px; }
.eg-lockbox .item { display: flex; gap: 8px; padding: 3px 0; } .eg-lockbox .item b { font-weight: 400; }
.eg-lockbox .top { border-top: 1px solid var(--eg-line, #e3e6eb); margin-top: 6px; padding-top: 6px; }
.eg-lockbox .seal { background: var(--eg-raised, #eef0f4); border-radius: 6px; padding: 2px 8px; font-size: 11.5px; font-weight: 600; white-space: nowrap; }
.eg-lockbox .why { color: var(--eg-muted, #667085); font-size: 11.5px; line-height: 1.45; padding: 4px 0; }
.eg-lockbox .ends { display: flex; flex-wrap: wrap; gap: 8px 12px; align-items: center; padding: 8px 12px; border-top: 1px solid var(--eg-line, #e3e6eb); }
.eg-lockbox .go, .eg-lockbox .soft { border-radius: 6px; padding: 6px 14px; font-weight: 600; border: 1px solid var(--eg-ink, #161a22); }
.eg-lockbox .go { background: var(--eg-ink, #161a22); color: var(--eg-panel, #fff); } .eg-lockbox .soft { background: none; border-color: var(--eg-line, #e3e6eb); }
.eg-lockbox .go[disabled], .eg-lockbox .soft[disabled] { opacity: .4; cursor: default; }
.eg-lockbox .ask { background: var(--eg-accent-soft, #fdf1f2); border-radius: 6px; padding: 8px 10px; margin: 6px 0; }
`;

/** Hand a file over to the person, without a server to fetch it from. */
function save(name, text, type) {
  const address = URL.createObjectURL(new Blob([text], {type}));
  const link = h("a", {href: address, download: name});
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

function render({model, el}) {
  const head = h("div", {class: "head"}), scroll = h("div", {class: "scroll"}), ends = h("div", {class: "ends"});
  const root = h("section", {class: "eg eg-lockbox", "aria-label": "Lock-box"}, head, scroll, ends);
  el.append(h("style", {}, BASE + STYLE), root);
  let saved = "";
  function draw() {
    const card = model.get("card") || {}, ticked = card.ticked || [], past = card.past || [], asking = model.get("asking");
    fill(head, h("h2", {}, "Lock-box"), h("span", {class: "quiet cut"}, card.about || ""), h("span", {class: "push"}), card.seal ? h("span", {class: "seal"}, card.seal) : null);
    fill(scroll, h("div", {}, h("span", {class: "big"}, card.patients ?? "–"), h("span", {class: "quiet"}, card.inside || "")),
      ticked.length ? h("div", {class: "top"}, h("div", {class: "item"}, h("strong", {}, `${ticked.length} ticked`), " would be spent for good", h("span", {class: "push quiet"}, "power at this effect")), ticked.map((row) => h("div", {class: "item"}, h("b", {class: "cut"}, row.biomarker), h("span", {class: "push"}, share(row.power))))) : null,
      card.why ? h("div", {class: "why"}, card.why) : null,
      past.length ? h("div", {class: "top"}, past.map((row) => h("div", {class: "item"}, h("span", {"aria-label": row.replicated ? "replicated" : "not replicated"}, row.replicated ? "★" : "✕"), h("b", {class: "cut"}, row.biomarker), h("span", {class: "quiet"}, `spent ${row.when}`), h("span", {class: "push"}, row.told)))) : null,
      asking ? h("div", {class: "ask", role: "alertdialog", "aria-label": "spend the lock-box"}, h("div", {}, h("strong", {}, `Spend ${ticked.map((row) => row.biomarker).join(", ")}?`)), h("div", {class: "why"}, `They are looked at in ${card.patients} patients set aside, once. ${card.looks || ""} This cannot be undone.`),
        h("div", {class: "item"}, h("button", {type: "button", class: "go", onclick: () => emit(model, "spend", {})}, "Spend them"), h("button", {type: "button", class: "soft", onclick: () => emit(model, "keep", {})}, "Keep them"))) : null);
    fill(ends, h("button", {type: "button", class: "go", disabled: !card.ready || asking, onclick: () => emit(model, "ask", {})}, `Replicate ${ticked.length || ""}…`), h("button", {type: "button", class: "soft", disabled: !card.dossier, onclick: () => emit(model, "dossier", {})}, "Dossier"), h("span", {class: "quiet"}, "asks once more; every look is logged"));
    if (asking) scroll.querySelector(".ask")?.scrollIntoView({block: "nearest"});
  }
  function hand() {
    const file = model.get("file") || {};
    if (!file.serial || file.serial === saved) return;
    saved = file.serial;
    save(`${file.name}.html`, file.page, "text/html");
    save(`${file.name}.json`, file.recipe, "application/json");
  }
  saved = (model.get("file") || {}).serial || "";
  const stop = watch(model, ["card", "asking"], draw), stopFile = watch(model, ["file"], hand);
  draw();
  return () => { stop(); stopFile(); };
}

export default {render};
