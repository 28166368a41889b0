// Moments of the reader's own clock, as people say them.
import { day } from "./audience_words.js";

export function moment(milliseconds, now = Date.now()) {
  const minutes = Math.round((now - milliseconds) / 60_000);
  if (minutes < 2) return "just now";
  if (minutes < 60) return `${minutes} minutes ago`;
  if (minutes < 24 * 60) return `${Math.round(minutes / 60)} ${minutes < 90 ? "hour" : "hours"} ago`;
  return day(new Date(milliseconds).toISOString().slice(0, 10));
}
