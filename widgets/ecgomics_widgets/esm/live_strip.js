// The live strip as a widget of its own; pages that show several make theirs from the same class.
import { LiveStrip } from "./live/strip.js";

function render({ model, el }) {
  const strip = new LiveStrip(model, el);
  return () => strip.end();
}

export default { render };
