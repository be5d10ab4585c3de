// The rules: a switch each, how common each is, and its limits to be edited in place.
import {BASE, DIMENSIONS, emit, fill, h, hue, watch} from "./dom.js";

const STYLE = `
.eg-rules { display: flex; flex-direction: column; }
.eg-rules .scroll { flex: 1; overflow-y: auto; min-height: 0; }
.eg-rules .group { display: flex; align-items: center; gap: 6px; padding: 6px 12px 2px; font-size: 11px; color: var(--eg-muted, #667085); }
.eg-rules .group i { width: 8px; height: 8px; border-radius: 2px; }
.eg-rules .group .plain { padding: 1px 6px; font-size: 11px; }
.eg-rules .row { display: grid; grid-template-columns: 26px 1fr 42px 36px; gap: 8px; align-items: center; min-height: 32px; padding: 2px 10px 2px 12px; }
.eg-rules .row:hover { background: var(--eg-raised, #eef0f4); }
.eg-rules .row.open { background: var(--eg-accent-soft, #fdf1f2); }
.eg-rules .switch { width: 26px; height: 15px; border-radius: 8px; border: 0; padding: 0; position: relative; background: var(--eg-faint, #98a2b3); }
.eg-rules .switch::before { content: ""; position: absolute; width: 11px; height: 11px; border-radius: 50%; background: #fff; top: 2px; left: 2px; transition: left .12s; }
.eg-rules .switch[aria-checked="true"] { background: var(--hue); }
.eg-rules .switch[aria-checked="true"]::before { left: 13px; }
.eg-rules .name { background: none; border: 0; padding: 4px 0; text-align: left; line-height: 1.25; }
.eg-rules .name:hover { text-decoration: underline; text-underline-offset: 2px; }
.eg-rules .met { font-weight: 600; }
.eg-rules .met::after { content: " ●"; font-size: 8px; vertical-align: 2px; color: var(--eg-accent, #b4233a); }
.eg-rules .bar { height: 5px; border-radius: 3px; background: var(--eg-raised, #eef0f4); overflow: hidden; }
.eg-rules .bar i { display: block; height: 100%; border-radius: 3px; background: var(--hue); }
.eg-rules .share { text-align: right; color: var(--eg-muted, #667085); white-space: nowrap; }
.eg-rules .limits { grid-column: 2 / -1; display: grid; grid-template-columns: 1fr auto auto; gap: 4px 6px; align-items: center; padding: 0 0 8px; font-size: 11.5px; color: var(--eg-muted, #667085); }
.eg-rules .limits input { width: 68px; padding: 2px 6px; text-align: right; border: 1px solid var(--eg-line, #e3e6eb); border-radius: 6px; background: var(--eg-panel, #fff); color: var(--eg-ink, #161a22); }
.eg-rules .limits input.changed { border-color: var(--eg-selected, #e69f00); font-weight: 600; }
.eg-rules .limits .plain { justify-self: start; grid-column: 1 / -1; padding-left: 0; }
.eg-rules .edited { color: var(--eg-selected-ink, #7a5200); font-size: 11px; }
`;

const percent = (share) => share === null ? "–" : share > 0 && share < 0.005 ? "<1 %" : `${Math.round(share * 100)} %`;

function limits(model, rule) {
  const rows = rule.limits.map((limit) => {
    const field = h("input", {type: "number", step: limit.step || "any", value: limit.value, class: limit.value === limit.standard ? "" : "changed",
      "aria-label": `${rule.title}: ${limit.text}`, title: `standard ${limit.standard} ${limit.unit}`,
      onchange: () => { if (field.value !== "") emit(model, "limit", {rule: rule.id, clause: limit.clause, place: limit.place, value: Number(field.value)}); }});
    return [h("span", {class: "cut", title: limit.text}, limit.text), field, h("span", {}, limit.unit)];
  });
  const reset = rule.edited ? h("button", {class: "plain", onclick: () => emit(model, "reset", {rule: rule.id})}, "back to the published limits") : null;
  return h("div", {class: "limits"}, rows.length ? rows : h("span", {}, "no numeric limit"), reset);
}

function render({model, el}) {
  const head = h("div", {class: "head"});
  const scroll = h("div", {class: "scroll"});
  el.append(h("style", {}, BASE + STYLE), h("section", {class: "eg eg-rules", "aria-label": "Rules"}, head, scroll));
  let all = false, editing = false, met = new Set();

  function row(rule, open) {
    const toggle = h("button", {class: "switch", role: "switch", "aria-checked": rule.on ? "true" : "false", "aria-label": `show ${rule.title} on the strip`,
      style: {}, onclick: () => emit(model, "toggle", {rule: rule.id, on: !rule.on})});
    const known = rule.known ? `${rule.met} of ${rule.known} records that can be judged` : "no record can be judged";
    const item = h("div", {class: `row ${open === rule.id ? "open" : ""}`, "data-rule": rule.id}, toggle,
      h("button", {class: `name ${met.has(rule.id) ? "met" : ""}`, title: rule.statement || rule.title, onclick: () => emit(model, "why", {rule: rule.id})}, rule.title,
        rule.edited ? h("span", {class: "edited"}, " edited") : null),
      h("span", {class: "bar", title: known}, h("i", {style: {width: `${Math.round((rule.share || 0) * 100)}%`}})),
      h("span", {class: "share", title: known}, percent(rule.share)),
      editing ? limits(model, rule) : null);
    item.style.setProperty("--hue", hue(rule.dimension));
    return item;
  }

  function draw() {
    const rules = model.get("rules") || [], open = model.get("opened");
    const shown = all ? rules : rules.filter((rule) => rule.shown || rule.on);
    fill(head, h("h2", {}, "Rules"),
      h("button", {class: "plain", onclick: () => { all = !all; draw(); }, disabled: rules.every((rule) => rule.shown || rule.on)}, all ? `all ${rules.length} · show few` : `${shown.length} of ${rules.length} · show all`),
      h("span", {class: "push"}),
      h("button", {class: "plain", "aria-pressed": editing ? "true" : "false", disabled: !rules.length, onclick: () => { editing = !editing; draw(); }}, editing ? "done" : "edit limits"));
    if (!rules.length) {
      fill(scroll, h("div", {class: "none"}, model.get("message") || "No rule has been evaluated yet."));
      return;
    }
    const parts = [];
    for (const dimension of DIMENSIONS) {
      const mine = shown.filter((rule) => rule.dimension === dimension);
      if (!mine.length) continue;
      const on = mine.some((rule) => rule.on);
      parts.push(h("div", {class: "group"}, h("i", {style: {background: hue(dimension)}}), dimension,
        h("button", {class: "plain push", "aria-label": `${on ? "none" : "all"}: ${on ? "hide" : "show"} ${dimension} rules`, onclick: () => emit(model, "toggle_all", {rules: mine.map((rule) => rule.id), on: !on})}, on ? "none" : "all")));
      parts.push(...mine.map((rule) => row(rule, open)));
    }
    const top = scroll.scrollTop;
    fill(scroll, ...parts);
    scroll.scrollTop = top;
  }

  /** Another record: the rules it meets, without drawing the list anew. */
  function judge() {
    met = new Set(model.get("met") || []);
    for (const item of scroll.querySelectorAll("[data-rule]")) item.querySelector(".name").classList.toggle("met", met.has(item.dataset.rule));
  }

  const stops = [watch(model, ["rules", "opened", "message"], draw), watch(model, ["met"], judge)];
  judge();
  draw();
  const stop = () => stops.forEach((end) => end());
  return stop;
}

export default {render};
