// Draws a Vega-Lite specification; `ast` interprets expressions, so that no script is ever compiled in the page.
import { highlighted, valuesOf } from "./chart_picks.js";
import { draggable } from "./chart_zoom.js";

const views = new WeakMap();

// `picks`: {columns, chosen, take(values, more)}, where marks can be picked; `zoom(from, to)`, where days can be chosen.
export async function drawChart(host, data, config, label, { picks = null, zoom = null } = {}) {
  forget(host);
  const names = data.columns.map((column) => column.name);
  const rows = data.rows.map((row) => Object.fromEntries(row.map((value, index) => [names[index], value])));
  const temporal = data.columns.filter(({ kind }) => kind === "temporal").map(({ name }) => name);
  const spec = {
    ...(picks?.chosen.size ? highlighted(data.spec, picks.chosen, temporal) : data.spec),
    data: { name: "rows", values: rows },
    width: "container",
    height: "container",
    autosize: { type: "fit", contains: "padding" },
  };
  const result = await window.vegaEmbed(host, spec, {
    actions: false,
    ast: true,
    config,
    defaultStyle: false,
    renderer: "svg",
    tooltip: { disableDefaultStyle: true },
  });
  views.set(host, result);
  host.classList.toggle("takes", Boolean(picks));
  if (picks) {
    result.view.addEventListener("click", (event, item) => {
      const values = valuesOf(item, picks.columns);
      if (values) picks.take(values, event.ctrlKey || event.metaKey || event.shiftKey);
    });
  }
  if (zoom) draggable(host, result.view, spec, zoom);
  const svg = host.querySelector("svg");
  svg?.setAttribute("role", "img");
  svg?.setAttribute("aria-label", label);
}

export function forget(host) {
  views.get(host)?.finalize();
  views.delete(host);
}
