// The latent map: a point a record, coloured by a column; a drawn shape selects, a tap opens, the wheel zooms.
import {follow} from "./chart/theme.js";
import {isDark} from "./chart/darkness.js";
import {BASE, emit, fill, float32, h, number, token, uint8, watch} from "./dom.js";

const STYLE = `
.eg-map { display: flex; flex-direction: column; }
.eg-map .head h2 { flex: none; }
.eg-map .area { flex: 1; min-height: 0; position: relative; overflow: hidden; }
.eg-map canvas { position: absolute; inset: 0; width: 100%; height: 100%; touch-action: none; cursor: crosshair; display: block; }
.eg-map canvas.pan { cursor: grab; }
.eg-map .tip { position: absolute; pointer-events: none; background: var(--eg-ink, #161a22); color: var(--eg-panel, #fff); border-radius: 6px; padding: 3px 8px; font-size: 11.5px; white-space: nowrap; display: none; max-width: 90%; z-index: 2; }
.eg-map .tools { position: absolute; top: 6px; left: 8px; display: flex; gap: 2px; background: var(--eg-panel, #fff); border: 1px solid var(--eg-line, #e3e6eb); border-radius: 6px; }
.eg-map .tools .plain[aria-pressed="true"] { background: var(--eg-ink, #161a22); color: var(--eg-panel, #fff); }
.eg-map .foot { display: flex; gap: 4px 12px; align-items: center; flex-wrap: wrap; padding: 4px 12px 6px; font-size: 11.5px; color: var(--eg-muted, #667085); min-height: 26px; }
.eg-map .foot i { display: inline-block; width: 8px; height: 8px; border-radius: 50%; margin-right: 4px; }
.eg-map .ramp { width: 64px; height: 8px; border-radius: 4px; display: inline-block; vertical-align: middle; margin: 0 6px; }
.eg-map .none { position: absolute; inset: 0; display: grid; place-content: center; background: var(--eg-panel, #fff); }
.eg-map .encoder { flex: 0 0 auto; max-width: 110px; }
.eg-map .sort { flex: 0 1 104px; min-width: 56px; text-overflow: ellipsis; }
`;
const RAMP = {light: ["#c6dbef", "#8fc1de", "#4a98c9", "#1764ab", "#08306b"], dark: ["#24486b", "#2f6a9a", "#4a98c9", "#93c4df", "#e2eefa"]};
const NEAR = 9;
const TOP = 44;
const MARGIN = 14;
const MANY = 20000;
const PREVIEWED = 50000; // a longer list of members is only sent when the shape is done

function mix(stops, share) {
  const at = share * (stops.length - 1), low = Math.min(stops.length - 2, Math.floor(at)), rest = at - low;
  const part = (colour, start) => parseInt(colour.slice(start, start + 2), 16);
  return `rgb(${[1, 3, 5].map((start) => Math.round(part(stops[low], start) * (1 - rest) + part(stops[low + 1], start) * rest)).join(",")})`;
}

/** Even–odd rule: whether a point lies inside a closed polygon of [x, y] pairs. */
export function inside(polygon, x, y) {
  let within = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i, i += 1) {
    const [xi, yi] = polygon[i], [xj, yj] = polygon[j];
    if ((yi > y) !== (yj > y) && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) within = !within;
  }
  return within;
}

/** A shape filled in pixels, blue inside; red along its edge, where a pixel does not say on which side a point is. */
function stencil(corners) {
  const xs = corners.map(([x]) => x), ys = corners.map(([, y]) => y);
  const left = Math.floor(Math.min(...xs)) - 2, top = Math.floor(Math.min(...ys)) - 2;
  const width = Math.max(1, Math.ceil(Math.max(...xs)) - left + 3), height = Math.max(1, Math.ceil(Math.max(...ys)) - top + 3);
  const sheet = h("canvas", {width, height}), pen = sheet.getContext("2d", {willReadFrequently: true});
  pen.beginPath();
  corners.forEach(([x, y], i) => { if (i) pen.lineTo(x - left, y - top); else pen.moveTo(x - left, y - top); });
  pen.closePath();
  pen.fillStyle = "#00f";
  pen.fill("evenodd");
  pen.strokeStyle = "#f00";
  pen.lineWidth = 3;
  pen.stroke();
  const look = pen.getImageData(0, 0, width, height).data;
  return {look, left, top, width, height};
}

const known = new Map();
/** Red, green and blue of a CSS colour. */
function rgb(colour) {
  if (!known.has(colour)) {
    const pen = h("canvas", {width: 1, height: 1}).getContext("2d");
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    known.set(colour, pen.getImageData(0, 0, 1, 1).data.slice(0, 3));
  }
  return known.get(colour);
}

function choices(entries, chosen, label, change) {
  const groups = new Map(), select = h("select", {class: "sort", "aria-label": label, title: label, onchange: () => change(select.value)});
  for (const entry of entries) {
    const option = h("option", {value: entry.name}, entry.title);
    if (!entry.group) { select.append(option); continue; }
    if (!groups.has(entry.group)) { groups.set(entry.group, h("optgroup", {label: entry.group})); select.append(groups.get(entry.group)); }
    groups.get(entry.group).append(option);
  }
  select.value = chosen;
  return select;
}

function render({model, el}) {
  const head = h("div", {class: "head"}), foot = h("div", {class: "foot"}), canvas = h("canvas", {role: "img", tabindex: 0});
  const tip = h("div", {class: "tip"}), tools = h("div", {class: "tools", role: "toolbar", "aria-label": "map tools"}), empty = h("div", {class: "none"});
  const area = h("div", {class: "area"}, canvas, tools, tip, empty);
  const root = h("section", {class: "eg eg-map", "aria-label": "Latent map"}, head, area, foot);
  el.append(h("style", {}, BASE + STYLE), root);
  const context = canvas.getContext("2d");
  let points = new Float32Array(0), shade = new Uint8Array(0), group = new Uint8Array(0), shown = new Uint8Array(0);
  let view = null, mode = "lasso", path = null, moved = false, start = null, sent = 0, drawing = false;

  const dark = () => isDark(model.get("theme") ?? "auto");
  let home = "";
  function fit() {
    let low = [Infinity, Infinity], high = [-Infinity, -Infinity];
    for (let i = 0; i < points.length; i += 1) {
      if (!Number.isFinite(points[i])) continue;
      low[i & 1] = Math.min(low[i & 1], points[i]);
      high[i & 1] = Math.max(high[i & 1], points[i]);
    }
    const span = Math.max(high[0] - low[0], 1e-6), rise = Math.max(high[1] - low[1], 1e-6);
    // room for the tools above, and a margin all around
    const height = Math.max(area.clientHeight, 120), room = height - TOP - MARGIN, whole = (rise * height) / room;
    view = {x: (low[0] + high[0]) / 2, y: (low[1] + high[1]) / 2 + ((TOP - MARGIN) / 2 / height) * whole, span: span * 1.12, rise: whole};
    home = whereabouts();
  }
  const whereabouts = () => view ? [view.x, view.y, view.span, view.rise].join() : "";
  /** The pane has another size: a map that shows all of itself goes on doing so. */
  function resized() {
    if (view && home === whereabouts()) { const known = view.points; fit(); view.points = known; }
    later();
  }
  // one scale for both axes would waste the pane: distances on a map of this kind have no unit, so each axis fills it
  const toScreen = (x, y) => [((x - view.x) / view.span + 0.5) * area.clientWidth, (0.5 - (y - view.y) / view.rise) * area.clientHeight];
  const toData = (px, py) => [(px / area.clientWidth - 0.5) * view.span + view.x, (0.5 - py / area.clientHeight) * view.rise + view.y];

  function colours() {
    const scale = model.get("scale") || {};
    if (scale.kind === "number") return (value) => value === 255 ? null : mix(RAMP[dark() ? "dark" : "light"], value / 254);
    const own = scale.colours || [];
    return (value) => own[value] || null;
  }

  const within = (i) => !shown.length || Boolean(shown[i]);
  function dots(which, colourOf, size) {
    const buckets = new Map(), chosen = which === "group";
    for (let i = 0; i * 2 < points.length; i += 1) {
      const kind = !within(i) ? "out" : group[i] ? "group" : "rest";
      if (kind !== which || !Number.isFinite(points[2 * i])) continue;
      const key = chosen ? -1 : which === "out" ? 255 : shade[i];
      if (!buckets.has(key)) buckets.set(key, []);
      buckets.get(key).push(i);
    }
    for (const [key, members] of buckets) {
      context.fillStyle = colourOf(key);
      context.beginPath();
      for (const i of members) {
        const [x, y] = toScreen(points[2 * i], points[2 * i + 1]);
        if (x < -5 || y < -5 || x > area.clientWidth + 5 || y > area.clientHeight + 5) continue;
        if (size < 2) context.rect(x - size, y - size, 2 * size, 2 * size);
        else { context.moveTo(x + size, y); context.arc(x, y, size, 0, 7); }
      }
      context.fill();
    }
  }

  /** Many points at once, pixel by pixel: paths of a hundred thousand of them would take a third of a second. */
  function raster(layers, ratio) {
    const wide = canvas.width, high = canvas.height, image = context.createImageData(wide, high), data = image.data;
    const side = Math.max(2, Math.round(2 * ratio)), kinds = {out: 0, rest: 1, group: 2};
    const scaleX = wide / view.span, scaleY = high / view.rise, half = side / 2;
    const palettes = layers.map(({alpha, colourOf}) => {
      const made = new Map();
      return (key) => { if (!made.has(key)) made.set(key, [...rgb(colourOf(key)), alpha]); return made.get(key); };
    });
    for (const {which} of layers) {
      const wanted = kinds[which], paintOf = palettes[layers.findIndex((layer) => layer.which === which)];
      for (let i = 0; i * 2 < points.length; i += 1) {
        if ((!within(i) ? 0 : group[i] ? 2 : 1) !== wanted) continue;
        const left = Math.round((points[2 * i] - view.x) * scaleX + wide / 2 - half), top = Math.round(high / 2 - (points[2 * i + 1] - view.y) * scaleY - half);
        if (!(left >= 0 && top >= 0 && left <= wide - side && top <= high - side)) continue;
        const [red, green, blue, alpha] = paintOf(wanted === 2 ? -1 : wanted === 0 ? 255 : shade[i]);
        for (let y = top; y < top + side; y += 1) {
          for (let at = 4 * (y * wide + left), end = at + 4 * side; at < end; at += 4) {
            const under = data[at + 3] / 255, all = alpha + under * (1 - alpha), own = alpha / all;
            data[at] = red * own + data[at] * (1 - own);
            data[at + 1] = green * own + data[at + 1] * (1 - own);
            data[at + 2] = blue * own + data[at + 2] * (1 - own);
            data[at + 3] = 255 * all;
          }
        }
      }
    }
    context.putImageData(image, 0, 0);
  }

  function outline(polygon, closed) {
    if (!polygon || polygon.length < 2) return;
    context.beginPath();
    polygon.forEach(([x, y], i) => { const [px, py] = toScreen(x, y); if (i) context.lineTo(px, py); else context.moveTo(px, py); });
    if (closed) context.closePath();
    context.setLineDash([5, 3]);
    context.lineWidth = 1.25;
    context.strokeStyle = token(root, "selected", "#e69f00");
    context.stroke();
    context.setLineDash([]);
  }

  function name(polygon) {
    const text = model.get("group_name");
    if (!polygon || !polygon.length || !text) return;
    const corners = polygon.map(([x, y]) => toScreen(x, y));
    const highest = Math.min(...corners.map((corner) => corner[1])), lowest = Math.max(...corners.map((corner) => corner[1]));
    const middle = corners.reduce((sum, corner) => sum + corner[0], 0) / corners.length;
    context.font = `600 12px ${getComputedStyle(root).fontFamily}`;
    const width = context.measureText(text).width;
    const x = Math.min(Math.max(4, middle - width / 2), area.clientWidth - width - 6);
    // above the shape where there is room beside the tools, else below it
    const y = highest > (x < tools.offsetWidth + 12 ? 46 : 18) ? highest - 6 : Math.min(lowest + 16, area.clientHeight - 6);
    context.lineWidth = 3;
    context.strokeStyle = token(root, "panel", "#fff");
    context.strokeText(text, x, y);
    context.fillStyle = token(root, "selected-ink", "#7a5200");
    context.fillText(text, x, y);
  }

  function paint() {
    const ratio = window.devicePixelRatio || 1, width = area.clientWidth, height = area.clientHeight;
    if (!width || !height || !view) return;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const n = points.length / 2, size = n > 4000 ? 1.6 : n > 800 ? 2.4 : 3;
    const any = group.some((member) => member), colourOf = colours(), grey = token(root, "rest", "#98a2b3");
    const layers = [
      {which: "out", alpha: 0.18, colourOf: () => grey},
      {which: "rest", alpha: any ? 0.4 : 0.8, colourOf: (key) => any && model.get("paint") === "group" ? grey : colourOf(key) || grey},
      {which: "group", alpha: 0.9, colourOf: () => token(root, "selected", "#e69f00")},
    ].filter(({which}) => which !== "out" || shown.length);
    if (n > MANY) raster(layers, ratio);
    else for (const layer of layers) { context.globalAlpha = layer.alpha; dots(layer.which, layer.colourOf, size); }
    context.globalAlpha = 1;
    outline(path || model.get("lasso"), !path || mode === "box");
    if (!path) name(model.get("lasso"));
    const current = model.get("current");
    if (current >= 0 && Number.isFinite(points[2 * current])) {
      const [x, y] = toScreen(points[2 * current], points[2 * current + 1]);
      context.beginPath();
      context.arc(x, y, 5.5, 0, 7);
      context.fillStyle = token(root, "ink", "#161a22");
      context.fill();
      context.lineWidth = 2;
      context.strokeStyle = token(root, "panel", "#fff");
      context.stroke();
    }
  }
  const later = () => { if (!drawing) { drawing = true; requestAnimationFrame(() => { drawing = false; timed("frames", paint); }); } };

  /** What the bench looks at: time spent by each frame and each search for members. */
  function timed(name, act) {
    const started = performance.now(), result = act(), stats = (window.__ecgomics_map_stats ??= {frames: [], lassos: []});
    stats[name].push(performance.now() - started);
    if (stats[name].length > 600) stats[name].shift();
    return result;
  }
  const members = (polygon) => timed("lassos", () => enclosed(polygon));
  function enclosed(polygon) {
    const found = [], {look, left, top, width, height} = stencil(polygon.map(([x, y]) => toScreen(x, y)));
    const wide = area.clientWidth, high = area.clientHeight;
    for (let i = 0; i * 2 < points.length; i += 1) {
      // the same sums as `toScreen`, without a pair made for each of a million points
      const px = Math.floor(((points[2 * i] - view.x) / view.span + 0.5) * wide - left), py = Math.floor((0.5 - (points[2 * i + 1] - view.y) / view.rise) * high - top);
      if (!(px >= 0 && py >= 0 && px < width && py < height) || !within(i)) continue;
      const at = 4 * (py * width + px);
      // on the edge of the shape the corners decide, elsewhere the pixel does
      if (look[at] ? inside(polygon, points[2 * i], points[2 * i + 1]) : look[at + 2]) found.push(i);
    }
    return found;
  }
  function nearest(px, py) {
    let best = -1, least = NEAR * NEAR;
    for (let i = 0; i * 2 < points.length; i += 1) {
      if (!within(i) || !Number.isFinite(points[2 * i])) continue;
      const [x, y] = toScreen(points[2 * i], points[2 * i + 1]), far = (x - px) ** 2 + (y - py) ** 2;
      if (far < least) { least = far; best = i; }
    }
    return best;
  }
  const box = (from, to) => { const [a, b] = toData(...from), [c, d] = toData(...to); return [[a, b], [c, b], [c, d], [a, d]]; };
  const place = (event) => { const edge = canvas.getBoundingClientRect(); return [event.clientX - edge.left, event.clientY - edge.top]; };

  function down(event) {
    if (event.button !== 0 || !view) return;
    canvas.setPointerCapture(event.pointerId);
    start = {at: place(event), view: {...view}, mode: event.altKey ? "pan" : event.shiftKey ? "box" : mode};
    moved = false;
    tip.style.display = "none";
  }
  function move(event) {
    if (!start) return hover(event);
    const at = place(event);
    if (!moved && Math.hypot(at[0] - start.at[0], at[1] - start.at[1]) < 4) return undefined;
    moved = true;
    if (start.mode === "pan") {
      view.x = start.view.x - ((at[0] - start.at[0]) / area.clientWidth) * view.span;
      view.y = start.view.y + ((at[1] - start.at[1]) / area.clientHeight) * view.rise;
    } else if (start.mode === "box") path = box(start.at, at);
    else path = [...(path || [toData(...start.at)]), toData(...at)];
    if (path && path.length > 3 && performance.now() - sent > 180) {
      sent = performance.now();
      const found = members(path);
      if (found.length <= PREVIEWED) emit(model, "lasso", {positions: found, polygon: [], done: false});
    }
    return later();
  }
  function up(event) {
    if (!start) return;
    const was = start, shape = path;
    start = null;
    path = null;
    if (!moved) {
      const hit = nearest(...place(event));
      if (hit >= 0) emit(model, "open", {position: hit});
    } else if (was.mode !== "pan" && shape && shape.length > 2) {
      const step = Math.max(1, Math.ceil(shape.length / 120));
      emit(model, "lasso", {positions: members(shape), polygon: shape.filter((_, i) => i % step === 0), done: true});
    }
    later();
  }
  function hover(event) {
    if (!view) return;
    const at = place(event), hit = nearest(...at), names = model.get("names") || [];
    tip.style.display = hit >= 0 && names[hit] ? "block" : "none";
    if (hit < 0) return;
    tip.textContent = names[hit] || "";
    tip.style.left = `${Math.min(at[0] + 12, Math.max(0, area.clientWidth - tip.offsetWidth - 4))}px`;
    tip.style.top = `${Math.max(0, at[1] - 28)}px`;
  }
  function wheel(event) {
    if (!view) return;
    event.preventDefault();
    const at = place(event), [x, y] = toData(...at), factor = Math.exp(event.deltaY * 0.0015);
    view.span *= factor;
    view.rise *= factor;
    const [nx, ny] = toData(...at);
    view.x += x - nx;
    view.y += y - ny;
    later();
  }

  function drawTools() {
    const tool = (key, text, title) => h("button", {class: "plain", title, "aria-pressed": mode === key ? "true" : "false", onclick: () => { mode = key; canvas.classList.toggle("pan", key === "pan"); drawTools(); }}, text);
    fill(tools, tool("lasso", "lasso", "draw a shape around a group"), tool("box", "box", "draw a box (or hold Shift)"), tool("pan", "move", "move the map (or hold Alt)"),
      h("button", {class: "plain", title: "show the whole map", onclick: () => { fit(); later(); }}, "fit"));
  }

  function legend() {
    const scale = points.some((value) => Number.isFinite(value)) ? model.get("scale") || {} : {}, any = group.some((member) => member), parts = [];
    if (any) {
      const grouped = model.get("paint") === "group";
      parts.push(h("span", {}, h("i", {style: {background: "var(--eg-selected, #e69f00)"}}), model.get("group_name")),
        h("button", {class: "plain", title: "colour of the other records", onclick: () => emit(model, "paint", {paint: grouped ? "column" : "group"})}, grouped ? "colour the rest" : "grey the rest"),
        h("button", {class: "plain", title: "clear the group", onclick: () => emit(model, "clear")}, "clear"));
    }
    if (!any || model.get("paint") !== "group") {
      if (scale.kind === "number") {
        parts.push(h("span", {}, number(scale.low, scale.decimals), h("i", {class: "ramp", style: {background: `linear-gradient(90deg, ${RAMP[dark() ? "dark" : "light"].join(",")})`, width: "64px", borderRadius: "4px"}}), `${number(scale.high, scale.decimals)} ${scale.unit || ""}`));
      } else if (scale.kind === "category") {
        parts.push(...(scale.names || []).map((text, i) => h("span", {class: "cut"}, h("i", {style: {background: scale.colours[i]}}), text || "none")));
      }
    }
    fill(foot, ...parts, h("span", {class: "push quiet"}, model.get("trust")));
  }

  function draw() {
    points = float32(model.get("points"));
    shade = uint8(model.get("shade"));
    group = uint8(model.get("group"));
    shown = uint8(model.get("shown"));
    const known = points.some((value) => Number.isFinite(value));
    const encoders = model.get("encoders") || [], columns = model.get("columns") || [];
    fill(head, h("h2", {}, "Latent map"),
      encoders.length > 1 ? choices(encoders.map((name) => ({name, title: name})), model.get("encoder"), "encoder", (value) => emit(model, "encoder", {name: value}))
        : h("span", {class: "quiet encoder cut"}, model.get("encoder")),
      columns.length ? [h("span", {class: "push"}), h("span", {class: "quiet"}, "colour"),
        choices(columns, model.get("column"), "colour by", (value) => emit(model, "colour", {name: value}))] : null);
    empty.style.display = known ? "none" : "";
    empty.textContent = model.get("message") || "No map yet.";
    tools.style.display = known ? "" : "none";
    const n = points.length / 2;
    canvas.setAttribute("aria-label", `map of ${n} records`);
    if (known && (!view || view.points !== n)) { fit(); view.points = n; }
    legend();
    later();
  }

  canvas.addEventListener("pointerdown", down);
  canvas.addEventListener("pointermove", move);
  canvas.addEventListener("pointerup", up);
  canvas.addEventListener("pointercancel", () => { start = null; path = null; later(); });
  canvas.addEventListener("pointerleave", () => { tip.style.display = "none"; });
  canvas.addEventListener("wheel", wheel, {passive: false});
  canvas.addEventListener("dblclick", () => { fit(); later(); });
  const size = new ResizeObserver(resized);
  size.observe(area);
  drawTools();
  const refit = watch(model, ["encoder"], () => { view = null; draw(); });
  const undress = follow(model, root, () => { legend(); later(); });
  const stop = watch(model, ["points", "shade", "scale", "group", "shown", "group_name", "lasso", "current", "names", "encoders", "encoder", "columns", "column", "paint", "trust", "message", "theme"], draw);
  draw();
  return () => { size.disconnect(); undress(); stop(); refit(); };
}

export default {render};
