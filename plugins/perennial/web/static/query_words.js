// SQL as text in, its tokens out: for colours, for parameters, and for what is being typed.
const TOKENS = /(--[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|('(?:[^']|'')*(?:'|$)|\$\$[\s\S]*?(?:\$\$|$))|("(?:[^"]|"")*(?:"|$))|(\$[A-Za-z_]\w*)|(\b\d[\d.]*\b)|([A-Za-z_À-ɏ][\wÀ-ɏ]*)/g;
const KINDS = ["comment", "literal", "name", "parameter", "number", "word"];
export const KEYWORDS = ("SELECT FROM WHERE GROUP BY ORDER HAVING LIMIT OFFSET JOIN LEFT RIGHT FULL INNER OUTER CROSS ON USING AS AND OR NOT NULL IS IN " +
  "BETWEEN LIKE ILIKE CASE WHEN THEN ELSE END DISTINCT UNION ALL EXCEPT INTERSECT WITH RECURSIVE VALUES CAST EXISTS OVER PARTITION ROWS RANGE " +
  "UNBOUNDED PRECEDING FOLLOWING CURRENT ROW FILTER WINDOW QUALIFY DESC ASC NULLS FIRST LAST TRUE FALSE DATE TIMESTAMP INTERVAL SINCE OF HEAD TAIL " +
  "EXPLAIN ANALYZE DESCRIBE SUMMARIZE SHOW TABLES BEGIN SET EXCEPTION OTHERS CREATE TEMP TABLE EARLIEST SNAPSHOT LATERAL EXTRACT").split(" ");
const KNOWN = new Set(KEYWORDS);

export function tokens(text) {
  const found = [];
  for (const match of text.matchAll(TOKENS)) {
    const place = match.slice(1).findIndex((part) => part !== undefined);
    let kind = KINDS[place];
    if (kind === "word") kind = KNOWN.has(match[0].toUpperCase()) ? "keyword" : /^\s*\(/.test(text.slice(match.index + match[0].length, match.index + match[0].length + 3)) ? "call" : "name";
    found.push({ kind, text: match[0], start: match.index, end: match.index + match[0].length });
  }
  return found;
}

// A block between dollars is one text to the server, and code to whoever reads it.
export function parametersOf(text) {
  const inner = text.trim().startsWith("$$") ? text.replaceAll("$$", "  ") : text;
  return [...new Set(tokens(inner).filter((one) => one.kind === "parameter").map((one) => one.text.slice(1)))];
}

const PLAIN = /^[a-z_][a-z0-9_]*$/;
const RESERVED = new Set(("SELECT FROM WHERE GROUP ORDER HAVING LIMIT OFFSET JOIN LEFT RIGHT FULL INNER OUTER CROSS ON USING AS AND OR NOT NULL IN CASE WHEN THEN " +
  "ELSE END DISTINCT UNION ALL EXCEPT INTERSECT WITH CAST WINDOW QUALIFY DESC ASC TRUE FALSE TABLE CREATE LATERAL DESCRIBE SUMMARIZE SHOW ANALYZE USER END").split(" "));
export const quoted = (name) => (PLAIN.test(name) && !RESERVED.has(name.toUpperCase()) ? name : `"${name.replaceAll('"', '""')}"`);
