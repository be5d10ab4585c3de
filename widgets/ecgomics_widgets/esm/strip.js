// The ECG strip: a recording on its paper. State lives in the host's model; the parts are in strip/.

import { Strip } from "./strip/strip.js";

export default {
  render({ model, el }) {
    const strip = new Strip(model, el);
    return () => strip.end();
  },
};
