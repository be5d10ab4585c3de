// Where a stream comes from: a strap by Bluetooth, or a record of the cohort replayed.
import { fill, h } from "../dom.js";
import { cannot } from "./bluetooth.js";

/** What a page without a stream shows, and what "Add" opens. `act(type, detail)`; `connect()` asks for a strap. */
export function sourcePanel({ records, act, connect, close = null, install = null }) {
  const why = cannot();
  const trouble = h("p", { class: "trouble", role: "alert" });
  const button = h("button", { class: "connect", onclick: async () => {
    button.disabled = true;
    fill(trouble);
    const said = await connect();
    button.disabled = Boolean(why);
    fill(trouble, said || "");
  } }, "Connect");
  button.disabled = Boolean(why);
  const record = h("select", { "aria-label": "record to replay" }, records.map((one) => h("option", { value: one.id }, one.title)));
  const speed = h("select", { "aria-label": "speed" }, [1, 2, 4, 10].map((times) => h("option", { value: times }, `${times}×`)));
  const replay = h("button", { class: "second", onclick: () => { act("replay", { record: record.value, speed: Number(speed.value) }); close?.(); } }, "Replay");
  return h("section", { class: "source", "aria-label": "connect a stream" },
    h("h2", {}, "Connect a strap"),
    h("p", { class: "quiet" }, "Wet the electrodes, put the Polar H10 on, and press Connect. The ECG goes to this server only."),
    button,
    h("p", { class: "quiet" }, why),
    trouble,
    records.length ? h("div", { class: "replay" }, h("h2", {}, "Or replay a record of the cohort"), h("div", { class: "line" }, record, speed, replay)) : null,
    install ? h("button", { class: "second", onclick: () => install.prompt() }, "Install as an app") : null,
    close ? h("button", { class: "plain", onclick: close }, "close") : null);
}
