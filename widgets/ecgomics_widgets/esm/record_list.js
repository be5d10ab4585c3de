// The list of records: filter chips, sort, and rows drawn only where they are seen (20,000 rows are a scroll bar, not elements).
import {BASE, emit, fill, float32, h, int32, number, uint8, watch} from "./dom.js";

const ROW = 44;
const QUALITY = ["", "poor", "fair", "good"];
const STYLE = `
.eg-records { display: flex; flex-direction: column; position: relative; }
.eg-records .chips { display: flex; flex-wrap: wrap; gap: 4px; align-items: center; padding: 4px 12px; border-bottom: 1px solid var(--eg-line, #e3e6eb); }
.eg-records .scroll { flex: 1; overflow-y: auto; min-height: 0; position: relative; contain: strict; }
.eg-records .space { position: relative; }
.eg-records .row { position: absolute; left: 0; right: 0; height: ${ROW}px; display: grid; grid-template-columns: 10px 1fr auto; gap: 8px;
  align-items: center; padding: 0 12px; border-bottom: 1px solid var(--eg-line, #e3e6eb); cursor: pointer; box-shadow: inset 3px 0 transparent; }
.eg-records .row:hover { background: var(--eg-raised, #eef0f4); }
.eg-records .picking .row { cursor: copy; }
.eg-records .picking .row:hover { background: var(--eg-selected-soft, #fff4dc); }
.eg-records .row.group { box-shadow: inset 3px 0 var(--eg-selected, #e69f00); }
.eg-records .row.current { background: var(--eg-accent-soft, #fdf1f2); box-shadow: inset 3px 0 var(--eg-accent, #b4233a); }
.eg-records .dot { width: 8px; height: 8px; border-radius: 50%; border: 1.5px solid var(--eg-faint, #98a2b3); }
.eg-records .dot.good { background: var(--eg-good, #12804a); border-color: var(--eg-good, #12804a); }
.eg-records .dot.fair { background: var(--eg-fair, #d99a00); border-color: var(--eg-fair, #d99a00); border-radius: 2px; }
.eg-records .dot.poor { border-color: var(--eg-poor, #b4233a); border-radius: 2px; transform: rotate(45deg); }
.eg-records .row b { font-weight: 600; }
.eg-records .row .detail { color: var(--eg-muted, #667085); font-size: 11.5px; height: 16px; }
.eg-records .row .value { text-align: right; white-space: nowrap; }
.eg-records .row .unit { color: var(--eg-muted, #667085); font-size: 11.5px; }
.eg-records .sort { flex: 0 1 112px; min-width: 0; text-overflow: ellipsis; }
.eg-records .head { gap: 6px; }
.eg-records .panel { position: absolute; z-index: 5; top: 76px; left: 8px; right: 8px; background: var(--eg-panel, #fff); padding: 12px;
  border: 1px solid var(--eg-line, #e3e6eb); border-radius: var(--eg-radius, 8px); display: grid; grid-template-columns: auto 1fr; gap: 8px 12px; align-items: center; }
.eg-records .panel label { color: var(--eg-muted, #667085); }
.eg-records .panel input { width: 58px; padding: 3px 6px; border: 1px solid var(--eg-line, #e3e6eb); border-radius: 6px; background: var(--eg-panel, #fff); }
.eg-records .panel select { border-color: var(--eg-line, #e3e6eb); width: 100%; color: var(--eg-ink, #161a22); }
.eg-records .panel .wide { grid-column: 1 / -1; display: flex; gap: 8px; justify-content: flex-end; }
.eg-records .panel .do { background: var(--eg-ink, #161a22); color: var(--eg-panel, #fff); border: 0; border-radius: 6px; padding: 4px 12px; }
`;

function options(columns) {
  const groups = new Map();
  for (const column of columns) {
    if (!groups.has(column.group)) groups.set(column.group, h("optgroup", {label: column.group}));
    groups.get(column.group).append(h("option", {value: column.name}, column.title));
  }
  return [...groups.values()];
}

function filterPanel(model, close) {
  const choices = model.get("choices") || {};
  const from = h("input", {type: "number", min: 0, max: 120, "aria-label": "age from"});
  const to = h("input", {type: "number", min: 0, max: 120, "aria-label": "age to"});
  const pick = (label, entries) => h("select", {"aria-label": label}, h("option", {value: ""}, "any"),
    entries.map((entry) => h("option", {value: entry.value}, entry.text)));
  const sex = pick("sex", [{value: "F", text: "female"}, {value: "M", text: "male"}]);
  const quality = pick("quality", [{value: "0.5", text: "≥ 0.5"}, {value: "0.7", text: "≥ 0.7"}, {value: "0.8", text: "≥ 0.8"}, {value: "0.9", text: "≥ 0.9"}]);
  const label = pick("label", choices.labels || []);
  const rule = pick("rule met", choices.rules || []);
  const apply = () => {
    const wanted = [];
    if (from.value || to.value) wanted.push({kind: "age", value: [from.value ? Number(from.value) : null, to.value ? Number(to.value) : null]});
    if (sex.value) wanted.push({kind: "sex", value: sex.value});
    if (quality.value) wanted.push({kind: "quality", value: Number(quality.value)});
    if (label.value) wanted.push({kind: "label", value: label.value});
    if (rule.value) wanted.push({kind: "rule", value: rule.value});
    if (wanted.length) emit(model, "filter", {filters: wanted});
    close();
  };
  const panel = h("form", {class: "panel", "aria-label": "filter records", onsubmit: (event) => { event.preventDefault(); apply(); }},
    h("label", {}, "age"), h("span", {}, from, " – ", to),
    h("label", {}, "sex"), sex, h("label", {}, "quality"), quality, h("label", {}, "label"), label, h("label", {}, "rule met"), rule,
    h("div", {class: "wide"}, h("button", {type: "button", class: "plain", onclick: close}, "cancel"), h("button", {type: "submit", class: "do"}, "filter")));
  panel.addEventListener("keydown", (event) => { if (event.key === "Escape") { event.stopPropagation(); close(); } });
  setTimeout(() => from.focus());
  return panel;
}

function render({model, el}) {
  const head = h("div", {class: "head"});
  const chips = h("div", {class: "chips"});
  const space = h("div", {class: "space"});
  const scroll = h("div", {class: "scroll", role: "listbox", tabindex: 0, "aria-label": "records"}, space);
  const root = h("section", {class: "eg eg-records", "aria-label": "Records"}, head, chips, scroll);
  el.append(h("style", {}, BASE + STYLE), root);
  let order = new Int32Array(0), value = new Float32Array(0), quality = new Uint8Array(0), group = new Uint8Array(0);
  let panel = null;

  const close = () => { if (panel) panel.remove(); panel = null; };
  const toggle = () => { if (panel) close(); else { panel = filterPanel(model, close); root.append(panel); } };

  function drawHead() {
    const sort = model.get("sort") || {}, total = (model.get("table") || {}).source || [];
    const choose = h("select", {class: "sort", title: "sort by", "aria-label": "sort by",
      onchange: () => emit(model, "sort", {name: choose.value, descending: Boolean(sort.descending)})}, options(model.get("columns") || []));
    choose.value = sort.name || "source";
    const direction = h("button", {class: "plain", title: sort.descending ? "largest first" : "smallest first", "aria-label": "reverse the order",
      onclick: () => emit(model, "sort", {name: choose.value, descending: !sort.descending})}, sort.descending ? "↓" : "↑");
    fill(head, h("h2", {}, "Records"),
      h("span", {class: "quiet"}, order.length === total.length ? number(total.length) : `${order.length} of ${total.length}`),
      h("span", {class: "push quiet"}, "sort"), choose, direction);
    const shown = model.get("chips") || [];
    const narrowed = shown.some((chip) => chip.kind !== "group") && order.length && order.length < total.length;
    fill(chips, shown.map((chip) => h("button", {class: `chip ${chip.kind === "group" ? "group" : ""}`, title: "remove", "aria-label": `remove ${chip.text}`,
      onclick: () => emit(model, "unfilter", {id: chip.id})}, h("span", {class: "cut"}, chip.text), h("span", {"aria-hidden": "true"}, "×"))),
      h("button", {class: "plain", title: "filter by age, sex, quality, label or rule", "aria-label": "add a filter", onclick: toggle}, "+ filter"),
      narrowed ? h("button", {class: "plain push", title: "compare these records with all others", onclick: () => emit(model, "compare")}, "compare →") : null);
  }

  function row(place) {
    const position = order[place], table = model.get("table");
    const current = position === model.get("current");
    const state = QUALITY[quality[position]] || "";
    const shown = value.length ? h("span", {class: "value"}, number(value[position], model.get("decimals")), " ", h("span", {class: "unit"}, model.get("unit"))) : null;
    return h("div", {class: `row ${group[position] ? "group" : ""} ${current ? "current" : ""}`, role: "option", id: `record-${position}`,
      "aria-selected": current, "data-position": position, style: {top: `${place * ROW}px`}},
      h("span", {class: `dot ${state}`, title: state ? `quality ${state}` : "quality not known"}),
      h("span", {class: "cut"}, h("span", {}, h("b", {}, table.source[position]), "  ", table.about[position]), h("div", {class: "detail cut"}, table.detail[position])),
      shown);
  }

  function drawRows() {
    space.style.height = `${order.length * ROW}px`;
    if (!order.length) {
      fill(space, h("div", {class: "none"}, model.get("message") || "No record passes these filters."));
      return;
    }
    const first = Math.max(0, Math.floor(scroll.scrollTop / ROW) - 6);
    const last = Math.min(order.length, Math.ceil((scroll.scrollTop + scroll.clientHeight) / ROW) + 6);
    const rows = [];
    for (let place = first; place < last; place += 1) rows.push(row(place));
    fill(space, ...rows);
    scroll.setAttribute("aria-activedescendant", `record-${model.get("current")}`);
  }

  function reveal() {
    const place = order.indexOf(model.get("current"));
    if (place < 0) return;
    const top = place * ROW;
    if (top < scroll.scrollTop) scroll.scrollTop = top;
    else if (top + ROW > scroll.scrollTop + scroll.clientHeight) scroll.scrollTop = top + ROW - scroll.clientHeight;
  }

  function draw() {
    order = int32(model.get("order"));
    value = float32(model.get("value"));
    quality = uint8(model.get("quality"));
    group = uint8(model.get("group"));
    drawHead();
    reveal();
    drawRows();
  }

  space.addEventListener("click", (event) => {
    const target = event.target.closest(".row");
    if (!target) return;
    const position = Number(target.dataset.position), place = order.indexOf(position);
    if (event.ctrlKey || event.metaKey) emit(model, "pick", {positions: [position], how: "turn"});
    else if (event.shiftKey) {
      const from = order.indexOf(model.get("current")), [first, last] = from < 0 ? [place, place] : [Math.min(from, place), Math.max(from, place)];
      emit(model, "pick", {positions: [...order.slice(first, last + 1)], how: "add"});
    } else emit(model, "open", {position});
  });
  // what a click will do is seen before it is done
  const hint = (event) => scroll.classList.toggle("picking", event.ctrlKey || event.metaKey || event.shiftKey);
  scroll.addEventListener("pointermove", hint, {passive: true});
  scroll.addEventListener("pointerleave", () => scroll.classList.remove("picking"));
  scroll.addEventListener("mousedown", (event) => { if (event.shiftKey) event.preventDefault(); });
  scroll.addEventListener("scroll", drawRows, {passive: true});
  const size = new ResizeObserver(() => { reveal(); drawRows(); });
  size.observe(scroll);
  const stop = watch(model, ["table", "order", "value", "quality", "group", "current", "chips", "sort", "columns", "choices", "unit", "decimals", "message"], draw);
  draw();
  return () => { size.disconnect(); stop(); };
}

export default {render};
