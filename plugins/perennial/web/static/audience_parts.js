// Pieces that the list and an audience's own page share; a size is never without its day.
import { el } from "./dom.js";
import { icon } from "./audience_icons.js";
import { moment } from "./audience_times.js";
import { count, day } from "./audience_words.js";

const MOODS = { published: "good", draft: "busy", inactive: "" };

export const badge = (state) => el("span", { class: `badge ${MOODS[state] ?? ""}` }, el("i", { "aria-hidden": "true" }), state);

export function sized({ state, evaluated, failure }) {
  const never = failure ? "It could never be evaluated" : state === "published" ? "Not evaluated yet" : "Not evaluated: only published audiences are";
  if (!evaluated) return [el("p", { class: "size none" }, "–"), el("p", { class: "note" }, never)];
  const lines = [
    el("p", { class: "size" }, el("strong", {}, count(evaluated.size)), el("span", {}, evaluated.size === 1 ? " person" : " people")),
    el("p", { class: "note" }, `as of ${day(evaluated.as_of)}`),
  ];
  if (!evaluated.current) lines.push(el("p", { class: "stale" }, "The definition changed since"));
  return lines;
}

// How many are in a streamed audience at the last look: more than the day's evaluation can know.
export function live({ live: found }) {
  if (!found) return null;
  const { size, entered, exited, at, current } = found;
  return el("p", { class: "live", title: current ? `+${count(entered)} entered, −${count(exited)} left within a day` : "The definition changed since" },
    el("i", { class: `dot ${current ? "good" : ""}`, "aria-hidden": "true" }), el("strong", {}, count(size)), ` now · ${moment(Date.parse(at))}`);
}

// What an audience that could not be evaluated says of it; its size is that of the day before.
export function failed({ state, failure }) {
  if (!failure || state !== "published") return null;
  const since = failure.current ? "Until it can be, nobody enters or leaves it." : "The definition changed since.";
  return el("p", { class: "failed" }, icon("warn"), el("span", {}, el("strong", {}, `Could not be evaluated as of ${day(failure.as_of)}`), `: ${failure.message}. ${since}`));
}

const COST = "Profiles, and events on the days in its windows; and the part of the run's time that falls to it by what it asks, since all audiences are evaluated in one pass";

export function cost({ evaluated }) {
  if (typeof evaluated?.rows !== "number") return null;
  return el("p", { class: "note cost", title: COST }, `reads ${count(evaluated.rows)} rows · ${seconds(evaluated.seconds)}`);
}

export const seconds = (number) => (number < 0.001 ? "under 1 ms" : number < 1 ? `${Math.round(number * 1000)} ms` : `${number.toFixed(1)} s`);

export function movement(evaluated) {
  if (!evaluated) return null;
  const { entered, exited } = evaluated;
  return el("p", { class: "movement" },
    el("span", { class: entered ? "in" : "" }, `+${count(entered)}`, el("span", {}, " entered")),
    el("span", { class: exited ? "out" : "" }, `−${count(exited)}`, el("span", {}, " left")));
}
