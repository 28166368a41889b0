// Drawings of the composer: kinds of columns, and marks; decoration, since the text beside or the title says it all.
const SVG = "http://www.w3.org/2000/svg";
const PATHS = {
  number: "M6 2.5 4.75 13.5M11.25 2.5 10 13.5M2.75 6h10.5M2.75 10h10.5",
  text: "M3 4V3h10v1M8 3v10M6 13h4",
  day: "M2.75 4h10.5v9.25H2.75zM2.75 7h10.5M5.5 2.5V5M10.5 2.5V5",
  truth: "m3 8.5 3.2 3.2L13 4.8",
  count: "M3 12.5 8 3l5 9.5M4.8 9.5h6.4",
  key: "M6 9.75a3 3 0 1 1 2.4-1.2L13.5 13.5M11 11l1.5-1.5",
  plus: "M8 3v10M3 8h10",
  close: "m4.5 4.5 7 7M11.5 4.5l-7 7",
  swap: "M3 5.5h9.5L10 3M13 10.5H3.5L6 13",
  bar: "M3 13.5V8M8 13.5V2.5M13 13.5V5.5",
  line: "M2.5 11.5 6 6.5l3.5 2.5 4-6",
  area: "M2.5 13.5v-3L6 6l3.5 2.5 4-5.5v10.5z",
  point: "M4 11h.01M7 6h.01M10.5 9h.01M12.5 4h.01",
  tick: "M3 4v8M6 4v8M7.5 4v8M11 4v8M13 4v8",
  donut: "M8 2.5a5.5 5.5 0 1 0 5.5 5.5M8 2.5A5.5 5.5 0 0 1 13.5 8M8 5.5A2.5 2.5 0 1 0 10.5 8M8 5.5v-3M10.5 8h3",
  heatmap: "M2.5 2.5h11v11h-11zM2.5 6.2h11M2.5 9.8h11M6.2 2.5v11M9.8 2.5v11",
  histogram: "M2.5 13.5v-3h2.75v3M5.25 10.5v-6H8v9M8 6.5h2.75v7M10.75 10h2.75v3.5z",
  box: "M8 2v3M8 11v3M5 5h6v6H5zM5 8.5h6",
  scatter: "M2.5 2.5v11h11M6 10h.01M8 6.5h.01M11 8.5h.01M12 4.5h.01",
  interval: "M2.5 4h11M6 2.5v3M4 8h8M9.5 6.5v3M3 12h8M6 10.5v3",
  funnel: "M2.5 3h11M4 6.5h8M5.75 10h4.5M7.25 13.5h1.5",
  cohort: "M2.5 3h11v3.3h-11zM2.5 6.3h7.4v3.4H2.5zM2.5 9.7h3.7V13H2.5zM6.2 3v6.7M9.9 3v3.3",
  table: "M2.5 3h11v10h-11zM2.5 6.3h11M6.5 6.3V13",
};

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name] ?? PATHS.text);
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  svg.append(name === "number_mark" ? number(svg) : path);
  return svg;
}

function number() {
  const text = document.createElementNS(SVG, "text");
  for (const [key, value] of Object.entries({ x: 8, y: 12, "text-anchor": "middle", class: "glyph" })) text.setAttribute(key, value);
  text.textContent = "42";
  return text;
}
