// What the strip says: times, scales, values, and the sentence for those who do not see it.

/** Seconds from midnight of an ISO time ("2026-03-04T14:20:00"); null for none. */
export function startOf(text) {
  const found = /T(\d\d):(\d\d):?(\d\d(?:\.\d+)?)?/.exec(text ?? "");
  return found ? 3600 * found[1] + 60 * found[2] + Number(found[3] ?? 0) : null;
}

/** A time as people read it: seconds under two minutes, else h:mm:ss; with a start (s from midnight) as its clock showed it. */
export function clock(seconds, step = 1, start = null) {
  if (start !== null) return wall(start + seconds, step);
  const digits = step < 1 ? (step < 0.1 ? 2 : 1) : 0;
  if (seconds < 120) return `${seconds.toFixed(digits)} s`;
  const whole = Math.floor(seconds + 1e-9);
  const rest = digits ? (seconds - whole).toFixed(digits).slice(1) : "";
  const pad = (value) => String(value).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  const hours = Math.floor(minutes / 60);
  return hours ? `${hours}:${pad(minutes % 60)}:${pad(whole % 60)}${rest}` : `${minutes}:${pad(whole % 60)}${rest}`;
}

function wall(seconds, step) {
  const digits = step < 1 ? (step < 0.1 ? 2 : 1) : 0;
  const at = (((Math.round(seconds * 100) / 100) % 86400) + 86400) % 86400;
  const pad = (value, width = 2) => String(value).padStart(width, "0");
  const rest = digits ? pad((at % 60).toFixed(digits), 3 + digits) : pad(Math.floor(at % 60));
  return `${pad(Math.floor(at / 3600))}:${pad(Math.floor((at % 3600) / 60))}${step >= 60 ? "" : `:${rest}`}`;
}

/** The stretch shown, and of how much. */
export function rangeText(page, signal) {
  const digits = page.shown < 120 ? 0.01 : 1;
  if (page.start !== null) return `${clock(page.t0, 0.1, page.start)}, ${page.shown < 120 ? `${page.shown.toFixed(1)} s` : clock(page.shown)} of ${clock(signal.duration)}`;
  const bare = (t) => clock(t, digits).replace(" s", "");
  const unit = page.t0 + page.shown < 120 ? " s" : "";
  const rest = page.shown < signal.duration - 0.005 ? ` of ${clock(signal.duration, signal.duration % 1 ? 0.1 : 1)}` : "";
  return `${bare(page.t0)}–${bare(Math.min(signal.duration, page.t0 + page.shown))}${unit}${rest}`;
}

/** Speed, gain and zoom; a strip that is not true to scale says so. */
export function scaleText(page, setting) {
  const base = `${setting.speed} mm/s · ${setting.gain} mm/mV`;
  const near = (a, b) => Math.abs(a / b - 1) < 0.002;
  if (near(page.zoom, 1) && near(page.zoomMv, 1)) return `${base} · true scale`;
  if (near(page.zoom, page.zoomMv)) return `${base} · zoom ${factor(page.zoom)}`;
  return `${base} · zoom ${factor(page.zoom)} time, ${factor(page.zoomMv)} mV`;
}

function factor(value) {
  const text = value >= 0.1 ? value.toFixed(2) : value.toPrecision(2);
  return `${text === "1.00" ? value.toFixed(3) : text}×`;
}

/** A measurement: ms, beats a minute, mV. */
export function caliperText(item) {
  const seconds = Math.abs(item.stop_s - item.start_s);
  const label = item.label ? `${item.label} ` : "";
  const rate = seconds > 0.15 ? ` · ${Math.round(60 / seconds)} /min` : "";
  return `${label}${Math.round(seconds * 1000)} ms${rate} · ${signed(item.stop_mv - item.start_mv)} mV`;
}

/** The value under the pointer: a sample's, or what the pixel column spans where only an envelope is here. */
export function valueText(signal, page, { lead, time, value }) {
  if (value !== null) return ` ${signed(value)} mV`;
  const half = 0.5 / page.perSecond;
  const { tile } = signal.pick(time - half, time + half, 2 * half);
  const extent = tile?.kind === "envelope" ? signal.extent(lead, time - half, time + half, tile) : null;
  return extent ? ` ${signed(extent[0])} to ${signed(extent[1])} mV` : "";
}

function signed(value) {
  return value.toFixed(2).replace("-", "−");
}

/** The whole strip in a few sentences. */
export function summary(page, setting, { signal, spans, words }) {
  const synthetic = setting.provenance === "synthetic" ? "Synthetic. " : "";
  const name = setting.title ? `${setting.title}. ` : "";
  const leads = `${signal.leads.length} leads at ${signal.rate} Hz: ${signal.leads.join(", ")}. `;
  const shown = `Showing ${rangeText(page, signal)}, ${scaleText(page, setting)}.`;
  return `${name}${synthetic}${leads}${shown}${describeSpans(spans, page.start)}${words ? ` ${words}.` : ""} Press ? for keys.`;
}

function describeSpans(spans, start) {
  if (!spans.length) return "";
  const some = spans.slice(0, 5).map((s) => `${s.label || "span"} at ${clock(s.start, 0.1, start)}`);
  const more = spans.length > some.length ? ` and ${spans.length - some.length} more` : "";
  return ` Evidence: ${some.join(", ")}${more}.`;
}
