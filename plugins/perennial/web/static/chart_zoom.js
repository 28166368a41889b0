// Dragging along the days of a chart chooses them as the period: a drawn view in; `zoom(from, to)` is called with both days.
import { el } from "./dom.js";

const LEAST = 8; // pixels; less is a click
const day = (value) => new Date(value).toISOString().slice(0, 10);

// By mouse and pen alone: a finger scrolls. The period above the widgets does the same for keys.
export function draggable(host, view, spec, zoom) {
  const x = spec.encoding?.x ?? spec.layer?.[0].encoding?.x;
  if (!x || !(x.type === "temporal" || x.timeUnit)) return;
  const svg = host.querySelector("svg");
  const at = (event) => Math.min(Math.max(event.clientX - svg.getBoundingClientRect().left - view.origin()[0], 0), view.width());
  svg.addEventListener("pointerdown", (down) => {
    const from = at(down);
    const inside = down.clientY - svg.getBoundingClientRect().top - view.origin()[1];
    if (down.pointerType === "touch" || down.button || inside < 0 || inside > view.height()) return;
    const ended = new AbortController();
    let band = null;
    const move = (event) => {
      const [left, right] = [from, at(event)].sort((a, b) => a - b);
      if (!band && right - left < LEAST) return;
      if (!band) host.append((band = el("div", { class: "stretch" })));
      Object.assign(band.style, { left: `${left + view.origin()[0]}px`, width: `${right - left}px`, top: `${view.origin()[1]}px`, height: `${view.height()}px` });
    };
    const up = (event) => {
      ended.abort();
      if (!band) return;
      band.remove();
      // The click that ends a drag picks nothing.
      const swallow = (click) => click.stopPropagation();
      host.addEventListener("click", swallow, { capture: true, once: true });
      setTimeout(() => host.removeEventListener("click", swallow, { capture: true }), 0);
      const days = between(view.scale("x"), ...[from, at(event)].sort((a, b) => a - b));
      if (days.length) zoom(day(days[0]), day(days.at(-1)));
    };
    const quit = (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      ended.abort();
      band?.remove();
    };
    const { signal } = ended;
    window.addEventListener("pointermove", move, { signal });
    window.addEventListener("pointerup", up, { signal });
    window.addEventListener("keydown", quit, { signal, capture: true });
  });
}

// The days under a stretch of pixels: of bars those that it touches, else those of its two ends.
function between(scale, left, right) {
  if (scale.invert) return [scale.invert(left), scale.invert(right)];
  const width = scale.bandwidth();
  return scale.domain().filter((value) => scale(value) + width > left && scale(value) < right);
}
