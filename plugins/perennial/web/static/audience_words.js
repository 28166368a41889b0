// What rules are made of as people read it, and what people type as rules take it. No DOM.
import { said } from "./format.js";

export const UNITS = ["minute", "hour", "day", "week", "month", "year"];
const SPAN = new RegExp(`^\\s*([+-]?)\\s*(\\d+)\\s*(${UNITS.join("|")})s?\\s*$`);
const RESERVED = ["new"]; // the address of the page that makes one

export const count = (number) => (typeof number === "number" ? number.toLocaleString("en-US") : "–");
export const people = (number) => `${count(number)} ${number === 1 ? "person" : "people"}`;
export const day = (text) => said(text, { kind: "temporal" });

export function percent(share) {
  if (!share) return "0%";
  if (share < 0.001) return "< 0.1%";
  const digits = share < 0.1 || (share > 0.99 && share < 1) ? 1 : 0;
  return `${(share * 100).toLocaleString("en-US", { maximumFractionDigits: digits })}%`;
}

export function parseSpan(text) {
  const found = SPAN.exec(typeof text === "string" ? text : "");
  return found ? { sign: found[1], number: Number(found[2]), unit: found[3] } : null;
}

export const spanText = (number, unit) => `${number} ${unit}${Number(number) === 1 ? "" : "s"}`;

// A name as documents have them: a-z, 0-9 and _, and a letter first.
export function slug(title) {
  const plain = title.normalize("NFKD").replace(/\p{M}/gu, "").replace(/ß/g, "ss").toLowerCase();
  const name = plain.replace(/[^a-z0-9]+/g, "_").replace(/^_+|_+$/g, "").slice(0, 60).replace(/_+$/, "");
  if (!name) return "";
  return /^[a-z]/.test(name) && !RESERVED.includes(name) ? name : `audience_${name}`;
}

export function nameProblem(name) {
  if (!name) return "Give it a name: letters a–z, digits and _.";
  if (!/^[a-z][a-z0-9_]*$/.test(name)) return "Only a–z, digits and _, and a letter first.";
  return RESERVED.includes(name) ? `“${name}” is taken by this page: choose another name.` : null;
}

export const titled = (name) => name.replace(/[_.]+/g, " ").replace(/^./, (letter) => letter.toUpperCase());

// Values that are no plain ones: counted from now, or another field of the same row.
export function valueWords(value) {
  if (value === null || value === undefined) return "nothing";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.map(valueWords).join(", ");
  if (typeof value !== "object") return String(value);
  if ("now" in value) return nowWords(value.now);
  if ("field" in value) return `its ${value.field}${value.key ? ` of ${value.key}` : ""}${value.plus ? ` ${signed(value.plus)}` : ""}`;
  return JSON.stringify(value);
}

function nowWords(text) {
  const span = parseSpan(text);
  if (!span) return `now ${text}`;
  if (span.number === 0) return "now";
  const words = spanText(span.number, span.unit);
  return span.sign === "-" ? `${words} ago` : `in ${words}`;
}

const signed = (text) => (/^\s*-/.test(text) ? text.replace(/^\s*-\s*/, "− ") : `+ ${text.replace(/^\s*\+\s*/, "")}`);

// A condition on fields that the page cannot edit, said in short.
export function fieldWords(rule) {
  if (rule.field) return `${rule.field} ${(rule.operator ?? "").replaceAll("_", " ")} ${rule.value === undefined ? "" : valueWords(rule.value)}`.trim();
  for (const [mode, word] of [["all", "and"], ["any", "or"], ["none", "or"]]) {
    if (Array.isArray(rule[mode])) return `${mode === "none" ? "none of " : ""}(${rule[mode].map(fieldWords).join(` ${word} `)})`;
  }
  return JSON.stringify(rule);
}
