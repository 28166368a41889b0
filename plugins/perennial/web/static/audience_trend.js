// Sizes by day in, a small drawing out: a line for the size, bars for who entered and who left.
import { el } from "./dom.js";
import { shape } from "./audience_icons.js";
import { count, day } from "./audience_words.js";

const [WIDTH, HIGH, LOW, GAP, EDGE] = [640, 84, 40, 12, 14];

export function trend(days) {
  if (!days.length) return el("p", { class: "note" }, "No day was evaluated yet.");
  const [first, last] = [days[0], days.at(-1)];
  const step = (WIDTH - 2 * EDGE) / Math.max(days.length - 1, 1);
  const x = (index) => (days.length === 1 ? WIDTH / 2 : EDGE + step * index);
  const sizes = days.map((one) => one.size);
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  const y = (size) => (most === least ? HIGH / 2 : 6 + (HIGH - 12) * (1 - (size - least) / (most - least)));
  // On the first day everybody enters: measured by that, all other days would look alike.
  const measured = days.length > 1 && first.entered === first.size ? days.slice(1) : days;
  const moved = Math.max(1, ...measured.flatMap((one) => [one.entered, one.exited]));
  const base = HIGH + GAP + LOW / 2;
  const points = days.map((one, index) => `${x(index).toFixed(1)},${y(one.size).toFixed(1)}`);
  const width = Math.min(step * 0.6, 22);
  const bars = days.flatMap((one, index) => {
    const [up, down] = [one.entered, one.exited].map((number) => Math.min(1, number / moved) * (LOW / 2 - 1));
    return [
      shape("rect", { class: "in", x: x(index) - width / 2, y: base - up, width, height: up }),
      shape("rect", { class: "out", x: x(index) - width / 2, y: base, width, height: down }),
      shape("rect", { class: "hit", x: x(index) - step / 2, y: 0, width: step, height: HIGH + GAP + LOW }, shape("title", {}, document.createTextNode(words(one)))),
    ];
  });
  const label = `From ${count(first.size)} on ${day(first.as_of)} to ${count(last.size)} on ${day(last.as_of)}; at least ${count(least)}, at most ${count(most)}`;
  const dot = shape("circle", { class: "dot-last", cx: x(days.length - 1), cy: y(last.size), r: 3.5 });
  const area = `M${points[0]} L${points.join(" L")} L${x(days.length - 1).toFixed(1)},${HIGH} L${x(0).toFixed(1)},${HIGH} Z`;
  const drawing = shape("svg", { class: "trend", viewBox: `0 0 ${WIDTH} ${HIGH + GAP + LOW}`, role: "img", "aria-label": label },
    shape("path", { class: "area", d: area }), shape("polyline", { class: "size-line", points: points.join(" ") }), dot,
    shape("line", { class: "zero", x1: 0, x2: WIDTH, y1: base, y2: base }), ...bars);
  const ends = el("p", { class: "ends" }, el("span", {}, day(first.as_of)), days.length > 1 ? el("span", {}, day(last.as_of)) : null);
  return el("figure", {}, drawing, ends, table(days));
}

const words = (one) => `${day(one.as_of)}: ${count(one.size)}, ${count(one.entered)} entered, ${count(one.exited)} left`;

function table(days) {
  const rows = days.toReversed().map((one) => el("tr", {}, el("th", { scope: "row" }, day(one.as_of)), ...[one.size, one.entered, one.exited].map((number) => el("td", { class: "numeric" }, count(number)))));
  const head = ["Day", "Size", "Entered", "Left"].map((title, index) => el("th", { scope: "col", class: index ? "numeric" : null }, title));
  return el("details", { class: "days" }, el("summary", {}, "As a table"), el("div", { class: "table", tabindex: "0", role: "region", "aria-label": "Day by day" }, el("table", {}, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...rows))));
}
