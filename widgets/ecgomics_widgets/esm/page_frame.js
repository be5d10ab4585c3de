// The frame of a page with one content: the shell around it. Explore has a frame of its own.
import {BASE, emit, h, watch} from "./dom.js";
import {SHELL, shell, slot, typing} from "./page_shell.js";

const STYLE = `
.frame .content { min-height: 0; min-width: 0; padding: 8px; }
.frame .content[data-fit="scroll"] { overflow-y: auto; }
.frame .content > .slot { min-height: 0; }
.frame .content[data-fit="fill"] > .slot { height: 100%; }
@container frame (max-width: 700px) { .frame .content { padding: 4px; overflow-y: auto; } .frame .content[data-fit="fill"] > .slot { min-height: 100%; } }
`;

function render({model: own, view, el}) {
  const model = view.model_proxy, place = own.get("place");
  const root = h("div", {class: "frame eg", tabindex: -1, "data-place": place});
  const outside = shell(own, {root, note: own.get("help")});
  const fit = own.get("fit");
  const content = h("main", {class: "content", "data-fit": fit}, slot(model, "body", fit === "fill" ? "fill" : ""));
  root.append(h("div", {class: "whole eg"}, outside.head, content, outside.foot));
  el.append(h("style", {}, own.get("tokens") + BASE + SHELL + STYLE), root);

  function keys(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event)) return;
    if (place !== "page" && !event.composedPath().includes(root)) return;
    if (event.key === "?" || (event.key === "Escape" && outside.isHelping())) { event.preventDefault(); outside.help(); return; }
    if (outside.isHelping() || !(own.get("key_names") || []).includes(event.key)) return;
    event.preventDefault();
    emit(own, "key", {key: event.key});
  }
  const ear = place === "page" ? window : root;
  ear.addEventListener("keydown", keys);
  const opening = requestAnimationFrame(() => outside.open());
  const stop = watch(own, ["scroll"], () => { if (own.get("scroll")) content.scrollTo({top: 0}); });
  return () => { cancelAnimationFrame(opening); ear.removeEventListener("keydown", keys); stop(); outside.close(); };
}

export default {render};
