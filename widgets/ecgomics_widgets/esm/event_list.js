// Events of a long recording, by class: how many there are, and how many are left to look at.
import {BASE, emit, fill, grouped, h, hue, svg, watch} from "./dom.js";

const STYLE = `
.eg-events { display: flex; flex-direction: column; }
.eg-events .scroll { flex: 1; overflow-y: auto; min-height: 0; }
.eg-events .line { display: grid; grid-template-columns: 18px minmax(0, 1fr) 48px 60px 44px; align-items: center; width: 100%; min-height: 28px; padding: 0 12px; background: none; border: 0; text-align: left; }
.eg-events .names { color: var(--eg-muted, #667085); font-size: 11.5px; border-bottom: 1px solid var(--eg-line, #e3e6eb); }
.eg-events .kind { font-weight: 600; border-top: 1px solid var(--eg-line, #e3e6eb); background: color-mix(in srgb, var(--eg-raised, #eef0f4) 45%, transparent); }
.eg-events .kind:first-child { border-top: 0; }
.eg-events .row { box-shadow: inset 3px 0 transparent; border-radius: 0; }
.eg-events .row:hover { background: var(--eg-raised, #eef0f4); }
.eg-events .row[aria-current="true"] { background: var(--eg-accent-soft, #fdf1f2); box-shadow: inset 3px 0 var(--eg-accent, #b4233a); }
.eg-events .sub .cut { padding-left: 14px; color: var(--eg-muted, #667085); }
.eg-events .wide { grid-column: span 2; }
.eg-events .n { text-align: right; white-space: nowrap; }
.eg-events .row .count, .eg-events .ok { color: var(--eg-muted, #667085); }
.eg-events i { width: 8px; height: 8px; display: block; background: var(--hue); border-radius: 2px; }
.eg-events i.circle { border-radius: 50%; } .eg-events i.diamond { transform: rotate(45deg); border-radius: 1px; } .eg-events i.dash { height: 3px; }
.eg-events i.ring { background: none; border: 1.5px solid var(--eg-ink, #161a22); }
.eg-events svg { width: 44px; height: 20px; display: block; overflow: visible; }
.eg-events { container-type: inline-size; }
@container (max-width: 280px) { .eg-events .line { grid-template-columns: 14px minmax(0, 1fr) 36px 48px 30px; } .eg-events svg { width: 34px; } }
.eg-events .foot { border-top: 1px solid var(--eg-line, #e3e6eb); padding: 10px 12px 12px; display: grid; grid-template-columns: 1fr auto; gap: 7px; color: var(--eg-muted, #667085); }
.eg-events .foot b { color: var(--eg-ink, #161a22); font-weight: 600; }
.eg-events .bar { grid-column: 1 / -1; height: 5px; border-radius: 3px; background: var(--eg-raised, #eef0f4); overflow: hidden; }
.eg-events .bar div { height: 100%; background: var(--eg-ink, #161a22); border-radius: 3px; }
`;

function trace(values) {
  const known = (values || []).filter(Number.isFinite);
  if (known.length < 2) return h("span");
  const low = Math.min(...known), span = Math.max(Math.max(...known) - low, 0.05);
  const points = values.map((value, i) => `${((i / (values.length - 1)) * 44).toFixed(1)} ${(19 - ((value - low) / span) * 18).toFixed(1)}`).join("L");
  return svg("svg", {viewBox: "0 0 44 20", "aria-hidden": "true"}, svg("path", {d: `M${points}`, fill: "none", stroke: "var(--eg-ink, #161a22)", "stroke-width": 1.15, "stroke-linejoin": "round"}));
}

const left = (count, any) => count ? h("span", {class: "n"}, String(count)) : h("span", {class: "n ok", title: any ? "looked at" : ""}, any ? "✓" : "");

function render({model, el}) {
  const head = h("div", {class: "head"}), scroll = h("div", {class: "scroll"}), foot = h("div", {class: "foot"});
  const names = h("div", {class: "line names", "aria-hidden": "true"}, h("span"), h("span", {}, "class"), h("span"), h("span", {class: "n"}, "count"), h("span", {class: "n"}, "left"));
  const root = h("section", {class: "eg eg-events", "aria-label": "Events"}, head, names, scroll, foot);
  el.append(h("style", {}, BASE + STYLE), root);

  function group(entry) {
    const mark = h("i", {class: entry.shape});
    mark.style.setProperty("--hue", hue(entry.colour));
    return [h("div", {class: "line kind"}, mark, h("span", {class: "cut wide"}, entry.title), h("span", {class: "n"}, entry.count), left(entry.left, entry.rows.length)),
      entry.rows.map((row) => h("button", {class: `line row ${row.sub ? "sub" : ""}`, type: "button", "data-kind": row.id, "aria-current": row.id === model.get("chosen") ? "true" : "false",
        title: `${entry.title}, ${row.title}: ${row.count}, ${row.left} left`, onclick: () => emit(model, "choose", {id: row.id})},
        h("span"), h("span", {class: "cut"}, row.title), trace(row.beat), h("span", {class: "n count"}, grouped(row.count)), left(row.left, true)))];
  }
  function draw() {
    const groups = model.get("groups") || [], done = model.get("done"), total = model.get("total"), top = scroll.scrollTop;
    fill(head, h("h2", {}, model.get("title")), h("span", {class: "quiet"}, "by class"));
    fill(scroll, ...(groups.length ? groups.map(group) : [h("div", {class: "none"}, model.get("message") || "Nothing to look at.")]));
    scroll.scrollTop = top;
    const share = total ? Math.round((100 * done) / total) : 100, bar = h("div");
    bar.style.width = `${share}%`;
    foot.style.display = total ? "" : "none";
    fill(foot, h("span", {}, `looked at ${done} of ${total} that ask for eyes`), h("b", {}, `${share} %`),
      h("div", {class: "bar", role: "progressbar", "aria-label": "looked at", "aria-valuenow": share, "aria-valuemin": 0, "aria-valuemax": 100}, bar));
  }
  const stop = watch(model, ["groups", "chosen", "done", "total", "title", "message"], draw);
  draw();
  return stop;
}

export default {render};
