// From values to pixels, and the round numbers an axis shows.

/** Linear map of [low, high] to [from, to]; `back` inverts it. */
export function linear(low, high, from, to) {
  const factor = (to - from) / (high - low || 1);
  const map = (value) => from + (value - low) * factor;
  map.back = (pixel) => low + (pixel - from) / factor;
  return map;
}

/** The same in logarithms. */
export function logarithmic(low, high, from, to) {
  const inner = linear(Math.log(low), Math.log(high), from, to);
  const map = (value) => inner(Math.log(value));
  map.back = (pixel) => Math.exp(inner.back(pixel));
  return map;
}

/** Round step for about `count` of them in a span: 1, 2, 2.5 or 5 times a power of ten. */
export function roundStep(span, count) {
  const rough = span / Math.max(1, count) || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  return ([1, 2, 2.5, 5].find((times) => times * power >= rough * 0.999) ?? 10) * power;
}

/** Round values inside [low, high], about `count` of them. */
export function ticks(low, high, count) {
  const step = roundStep(high - low, count);
  const values = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) values.push(k * step);
  return values;
}

/** A tick as text: as many decimals as its step needs, a true minus sign. */
export function tickText(value, step) {
  let decimals = 0;
  while (decimals < 6 && Math.abs(step * 10 ** decimals - Math.round(step * 10 ** decimals)) > 1e-6) decimals += 1;
  return value.toFixed(decimals).replace(/^-(?=0(\.0*)?$)/, "").replace("-", "−");
}
