// Hands on the strip: drag with a little glide, wheel, pinch, keys. Knows nothing of ECGs: it calls `hands`.

const GLIDE = 0.0045; // share of speed lost a ms
const STILL = 4; // px a press may move and still be a click

export function listen(root, plot, hands) {
  const pointers = new Map();
  const drag = { moved: 0, trail: [], glide: 0, pinch: null };
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  const place = (event) => {
    const box = plot.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  const stopGlide = () => {
    cancelAnimationFrame(drag.glide);
    drag.glide = 0;
  };

  const down = (event) => {
    if (event.button !== 0 || event.target.closest(".help,.jump,.pop")) return;
    root.focus({ preventScroll: true });
    stopGlide();
    plot.setPointerCapture(event.pointerId);
    const at = place(event);
    pointers.set(event.pointerId, at);
    drag.moved = 0;
    drag.trail = [];
    drag.pinch = pointers.size === 2 ? spread(pointers) : null;
    if (pointers.size === 1) hands.press(at);
  };

  const move = (event) => {
    const at = place(event);
    const before = pointers.get(event.pointerId);
    if (!before) return hands.hover(at);
    pointers.set(event.pointerId, at);
    if (pointers.size === 2) return pinch();
    const dx = at.x - before.x;
    const dy = at.y - before.y;
    drag.moved += Math.abs(dx) + Math.abs(dy);
    if (drag.moved < STILL) return undefined;
    plot.classList.add("dragging");
    drag.trail.push({ time: event.timeStamp, dx });
    drag.trail = drag.trail.filter((step) => event.timeStamp - step.time < 90);
    return hands.drag({ dx, dy, at });
  };

  const pinch = () => {
    const now = spread(pointers);
    const before = drag.pinch ?? now;
    hands.zoom(now.size / before.size, now.x);
    hands.drag({ dx: now.x - before.x, dy: now.y - before.y, at: now });
    drag.pinch = now;
    drag.moved = STILL + 1;
  };

  const up = (event) => {
    if (!pointers.has(event.pointerId)) return;
    pointers.delete(event.pointerId);
    plot.classList.remove("dragging");
    if (pointers.size) return;
    if (drag.moved < STILL && event.type === "pointerup") hands.click(place(event));
    else if (event.type === "pointerup" && hands.glides() && !calm.matches) glide(event.timeStamp);
    hands.release();
  };

  const glide = (now) => {
    const steps = drag.trail.filter((step) => now - step.time < 90);
    const span = steps.length > 1 ? now - steps[0].time : 0;
    let speed = span ? steps.reduce((sum, step) => sum + step.dx, 0) / Math.max(16, span) : 0;
    if (Math.abs(speed) < 0.15) return;
    let last = performance.now();
    const step = (time) => {
      const passed = Math.min(50, Math.max(0, time - last));
      last = time;
      speed *= Math.exp(-GLIDE * passed);
      const moved = hands.drag({ dx: speed * passed, dy: 0, at: null });
      drag.glide = Math.abs(speed) > 0.02 && moved ? requestAnimationFrame(step) : 0;
      if (!drag.glide) hands.release();
    };
    drag.glide = requestAnimationFrame(step);
  };

  const wheel = (event) => {
    // a page that scrolls keeps its wheel until the strip has been clicked or the ctrl key is held
    const ours = event.ctrlKey || event.metaKey || root.matches(":focus-within") || !pageScrolls(root);
    if (!ours) return;
    event.preventDefault();
    stopGlide();
    const unit = event.deltaMode === 1 ? 16 : 1;
    const dx = (event.shiftKey ? event.deltaY || event.deltaX : event.deltaX) * unit;
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) hands.drag({ dx: -dx, dy: 0, at: null });
    else hands.zoom(Math.exp(-event.deltaY * unit * (event.ctrlKey ? 0.01 : 0.0016)), place(event).x);
    hands.release();
  };

  const key = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input, textarea, select")) return;
    if (event.target.closest?.("button") && (event.key === " " || event.key === "Enter")) return;
    stopGlide();
    if (hands.key(event.key, event.shiftKey)) {
      event.preventDefault();
      event.stopPropagation();
    }
  };

  plot.addEventListener("pointerdown", down);
  plot.addEventListener("pointermove", move);
  plot.addEventListener("pointerup", up);
  plot.addEventListener("pointercancel", up);
  plot.addEventListener("pointerleave", () => hands.hover(null));
  plot.addEventListener("wheel", wheel, { passive: false });
  root.addEventListener("keydown", key);
  return stopGlide;
}

function spread(pointers) {
  const [a, b] = [...pointers.values()];
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, size: Math.max(20, Math.hypot(a.x - b.x, a.y - b.y)) };
}

function pageScrolls(element) {
  for (let node = element; node; node = node.parentElement ?? node.getRootNode().host) {
    const style = getComputedStyle(node);
    if (/(auto|scroll)/.test(style.overflowY) && node.scrollHeight > node.clientHeight + 2) return true;
  }
  const page = document.scrollingElement;
  return page.scrollHeight > page.clientHeight + 2 && getComputedStyle(page).overflowY !== "hidden";
}
