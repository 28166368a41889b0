// Draws a Vega-Lite specification; `ast` interprets expressions, so that no script is ever compiled in the page.
const views = new WeakMap();

export async function drawChart(host, data, config, label) {
  forget(host);
  const names = data.columns.map((column) => column.name);
  const rows = data.rows.map((row) => Object.fromEntries(row.map((value, index) => [names[index], value])));
  const spec = {
    ...data.spec,
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
  const svg = host.querySelector("svg");
  svg?.setAttribute("role", "img");
  svg?.setAttribute("aria-label", label);
}

export function forget(host) {
  views.get(host)?.finalize();
  views.delete(host);
}
