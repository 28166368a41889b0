// Numbers and days as people read them; the server says how each column reads, the same as in charts.
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const CHANGE = new Intl.NumberFormat("en-US", { style: "percent", signDisplay: "exceptZero", minimumFractionDigits: 1, maximumFractionDigits: 1 });

export function said(value, column) {
  if (value === null || value === undefined) return "–";
  if (column.kind === "temporal") return day(new Date(value));
  if (!column.numeric || !column.format) return String(value);
  return new Intl.NumberFormat("en-US", column.format).format(value).replace("K", "k").replace("-", "−");
}

export function change(now, before) {
  if (typeof now !== "number" || typeof before !== "number" || before === 0) return null;
  const share = now / before - 1;
  return Math.abs(share) < 0.0005 ? { share: 0, text: "no change" } : { share, text: CHANGE.format(share).replace("-", "−") };
}

function day(date) {
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
}
