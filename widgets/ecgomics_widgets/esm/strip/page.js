// Where everything goes: rows and columns of leads, millimetres to pixels, time to x, millivolts to y.

const PX_PER_MM = 96 / 25.4;
const STANDARD = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"];
const FITTED = 0.5; // fitting never shrinks below this: it scrolls
const TOP = 6; // px of paper above the first row
const LANE = 18; // more of it where rows are too close for labels between them
const SHORT_S = 15; // recordings up to this long are fitted to the width as well

export const LAYOUTS = ["12x1", "6x2", "3x4+R", "1"];

/** The layout "auto" stands for at a size. */
export function automatic(leads, width, height) {
  if (height < 150) return "1";
  if (leads.length < 12) return "12x1";
  return width >= 640 ? "3x4+R" : "12x1";
}

/** Rows of lead names (null: an empty place) and the lead of the rhythm row, if any. */
export function arrange(layout, leads, rhythm, beside = null) {
  if (beside) return { rows: (Array.isArray(layout) ? layout.flat().filter(Boolean) : layout === "1" ? [leads.includes(rhythm) ? rhythm : leads[0]] : leads).map((lead) => [lead, null]), rhythm: null };
  if (Array.isArray(layout)) return { rows: layout, rhythm: null };
  const single = leads.includes(rhythm) ? rhythm : leads[0];
  const twelve = STANDARD.every((lead) => leads.includes(lead));
  if (layout === "1") return { rows: [[single]], rhythm: null };
  if (layout === "3x4+R" && twelve) {
    return { rows: [0, 1, 2].map((r) => [0, 1, 2, 3].map((c) => STANDARD[c * 3 + r])), rhythm: single };
  }
  if (layout === "6x2" && leads.length > 3) {
    const order = twelve ? STANDARD : leads;
    const half = Math.ceil(order.length / 2);
    return { rows: order.slice(0, half).map((lead, r) => [lead, order[half + r] ?? null]), rhythm: null };
  }
  return { rows: leads.map((lead) => [lead]), rhythm: null };
}

/** Zoom at which a page fits, never above true scale. */
export function fittingZoom(setting, box) {
  const { rows, rhythm } = arrange(setting.layout, setting.leads, setting.rhythm, setting.beside);
  const count = rows.length + (rhythm ? 1 : 0);
  const unit = PX_PER_MM * setting.calibration;
  const byHeight = (box.height - topOf(count)) / (count * rowHeight(count, setting.gain) * unit);
  const byWidth = box.width / (setting.beside ? 2 : 1) / (setting.duration * setting.speed * unit);
  const wide = setting.duration > SHORT_S || byWidth < FITTED || box.width < 560;
  return Math.max(FITTED, Math.min(1, byHeight, wide ? 1 : byWidth));
}

function topOf(count) {
  return count > 6 ? LANE : TOP;
}

/** Least height of a row, in mm, at which the paper need not shrink. */
function rowHeight(count, gain) {
  const mm = count === 1 ? 40 : count <= 4 ? 22 : count <= 6 ? 18 : 15;
  return mm * (gain > 10 ? 1.4 : 1);
}

/** A laid-out page: scales, panels (one lead over one stretch of time each) and the bands of the time ruler. */
export function layOut(setting, box, view) {
  const { rows, rhythm } = arrange(setting.layout, setting.leads, setting.rhythm, setting.beside);
  const unit = PX_PER_MM * setting.calibration;
  const fit = fittingZoom(setting, box);
  const zoom = view.zoom ?? fit;
  const zoomMv = Math.max(fit, zoom);
  const perSecond = setting.speed * unit * zoom;
  const perMv = setting.gain * unit * zoomMv;
  const columns = Math.max(...rows.map((row) => row.length));
  const simultaneous = Boolean(setting.beside) || (setting.columns === "simultaneous" && columns > 1);
  const wanted = setting.duration * perSecond * (simultaneous ? columns : 1);
  const used = Math.min(box.width, wanted);
  const columnWidth = used / columns;
  const shown = simultaneous ? columnWidth / perSecond : used / perSecond;
  const last = Math.max(0, setting.duration - shown);
  const t0 = Math.min(last, Math.max(0, view.t0));
  const count = rows.length + (rhythm ? 1 : 0);
  const head = topOf(count);
  const room = box.height - head;
  const pitch = Math.max(room, count > 1 ? (room * zoomMv) / fit : 0) / count;
  const scroll = Math.min(pitch * count - room, Math.max(0, view.scroll));
  const above = count > 6 ? 0.64 : 0.56; // share of a row above its zero line
  const panel = (lead, row, column, x0, width, start) => ({
    lead, row, column, x0, x1: x0 + width, start, stop: start + width / perSecond,
    top: box.top + head + row * pitch - scroll, bottom: box.top + head + (row + 1) * pitch - scroll,
    zero: box.top + head + (row + above) * pitch - scroll,
  });
  const panels = [];
  rows.forEach((row, r) => row.forEach((lead, c) => {
    const start = t0 + (simultaneous ? 0 : (c * columnWidth) / perSecond);
    if (lead) panels.push(panel(lead, r, c, box.left + c * columnWidth, columnWidth, start));
  }));
  const besides = setting.beside ? panels.map((p) => ({ ...panel(p.lead, p.row, 1, box.left + columnWidth, columnWidth, t0 + setting.beside.shift) })) : [];
  const full = Math.min(box.width, (setting.duration - t0) * perSecond);
  if (rhythm) panels.push({ ...panel(rhythm, rows.length, 0, box.left, full, t0), rhythm: true });
  const bands = simultaneous && !rhythm
    ? rows[0].map((_, c) => ({ x0: box.left + c * columnWidth, x1: box.left + (c + 1) * columnWidth, start: t0 + (c ? setting.beside?.shift ?? 0 : 0), other: Boolean(c && setting.beside) }))
    : [{ x0: box.left, x1: box.left + box.width, start: t0 }];
  return {
    panels, besides, bands, unit, fit, zoom, zoomMv, head, perSecond, perMv, t0, last, scroll, pitch, count, columns, shown, box,
    simultaneous, mm: unit * zoom, mmMv: unit * zoomMv, overflow: Math.max(0, pitch * count - room),
  };
}

/** The panel under a point, and the time there. */
export function panelAt(page, x, y) {
  const panel = page.panels.find((p) => x >= p.x0 && x < p.x1 && y >= p.top && y < p.bottom);
  return panel ? { panel, time: panel.start + (x - panel.x0) / page.perSecond } : null;
}

/** Where a time is inside a panel or band, in px; may lie outside of it. */
export function xOf(page, place, time) {
  return place.x0 + (time - place.start) * page.perSecond;
}

/** x of time zero of a panel or band, on a whole device pixel so that cached paths stay sharp. */
export function originOf(page, place, ratio) {
  return Math.round((place.x0 - place.start * page.perSecond) * ratio) / ratio;
}
