"""`$name` parameters in a widget's SQL: text in, placeholders out; values are bound, never spliced."""

import re
from collections.abc import Collection, Mapping

_TOKENS = re.compile(
    # What does not end reaches to the end, so that no other end is looked for.
    r"""
    (?P<verbatim> '(?:[^']|'')*+'? | "(?:[^"]|"")*+"? | --[^\n]* | /\*(?:.*?\*/|.*) )
  | \$(?P<name>[a-z][a-z0-9_]*)\b(?!\$)
  | (?P<percent>%)
    """,
    re.VERBOSE | re.DOTALL,
)


def parameters_of(sql: str) -> set[str]:
    """Names of the parameters that a query uses, outside of its literals and comments."""
    return {match["name"] for match in _TOKENS.finditer(sql) if match["name"]}


def to_placeholders(sql: str, lists: Collection[str] = ()) -> str:
    """Rewrite `$name` to psycopg's `%(name)s`, and double every other per cent sign.

    :param lists: parameters that are arrays of texts, which PostgreSQL is told
    """

    def replace(match: re.Match[str]) -> str:
        if match["name"]:
            placeholder = f"%({match['name']})s"
            return f"CAST({placeholder} AS text[])" if match["name"] in lists else placeholder
        return match[0].replace("%", "%%")

    return _TOKENS.sub(replace, sql)


def renamed(sql: str, names: Mapping[str, str]) -> str:
    """Call parameters by other names."""

    def replace(match: re.Match[str]) -> str:
        return f"${names[match['name']]}" if match["name"] in names else match[0]

    return _TOKENS.sub(replace, sql)
