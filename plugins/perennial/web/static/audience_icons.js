// Small line drawings by name; they are decoration, and the text beside them says it all.
const SVG = "http://www.w3.org/2000/svg";
const PATHS = {
  attribute: "M8 7.5a2.75 2.75 0 1 0 0-5.5 2.75 2.75 0 0 0 0 5.5ZM2.75 14c.5-2.8 2.6-4.25 5.25-4.25S12.75 11.2 13.25 14",
  event: "M9 1.75 3.5 9h4L7 14.25 12.5 7h-4L9 1.75Z",
  sequence: "M3.5 5.5a1.75 1.75 0 1 0 0-3.5 1.75 1.75 0 0 0 0 3.5ZM12.5 14a1.75 1.75 0 1 0 0-3.5 1.75 1.75 0 0 0 0 3.5ZM5.25 3.75h4a2 2 0 0 1 0 4.1H6.7a2.2 2.2 0 0 0 0 4.4h4",
  audience: "M5.75 7.25a2.4 2.4 0 1 0 0-4.8 2.4 2.4 0 0 0 0 4.8ZM1.5 13.5c.3-2.6 2-3.9 4.25-3.9s3.95 1.3 4.25 3.9M10.6 2.7a2.3 2.3 0 0 1 0 4.3M12 9.9c1.5.5 2.3 1.8 2.5 3.6",
  share: "M3 3h10v10H3V3ZM6 6h.01M10 10h.01M10 6h.01M6 10h.01",
  unknown: "M5.75 6a2.25 2.25 0 1 1 3.2 2c-.7.4-.95.8-.95 1.6M8 12.4h.01",
  group: "M2.5 5V2.5H5M11 2.5h2.5V5M13.5 11v2.5H11M5 13.5H2.5V11M6 6h4v4H6V6Z",
  grip: "M6 4h.01M6 8h.01M6 12h.01M10 4h.01M10 8h.01M10 12h.01",
  plus: "M8 3v10M3 8h10",
  close: "m4 4 8 8M12 4l-8 8",
  copy: "M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8v-8Z",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  up: "M8 13V3M4 7l4-4 4 4",
  down: "M8 3v10M4 9l4 4 4-4",
  yes: "m3 8.5 3.2 3.2L13 4.8",
  no: "m4 4 8 8M12 4l-8 8",
  warn: "M8 2.5 14 13H2L8 2.5ZM8 6.5v3M8 11.3h.01",
};

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name] ?? PATHS.unknown);
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", `i-${name}`);
  svg.append(path);
  return svg;
}

// A shape of an SVG drawing, with attributes; styles would be refused by the pages' policy.
export function shape(name, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

export const bar = (share) =>
  shape("svg", { class: "bar", viewBox: "0 0 100 4", preserveAspectRatio: "none", "aria-hidden": "true" },
    shape("rect", { width: 100, height: 4, class: "rail" }),
    shape("rect", { width: Math.max(0, Math.min(1, share || 0)) * 100, height: 4 }));
