"""SQL text in, its tokens out: enough to tell names, parameters and quoted text apart, in both dialects.

PostgreSQL's rules of quoting are followed to the letter, since what a query of the store may call is decided
by its tokens; DuckDB's are the same. Text that ends inside of a quotation is an error.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from perennial.queries.errors import Place, QueryError

TokenKind = Literal["word", "quoted", "string", "number", "parameter", "mark", "comment"]
_TOKENS = re.compile(
    r"""
    (?P<space> \s+ )
  | (?P<line> --[^\r\n]* )
  | (?P<block> /\* )
  | (?P<escaped> [eE]'(?:[^'\\]|\\.|'')*' )
  | (?P<string> (?:[bBxXnN]|[uU]&)?'(?:[^']|'')*' )
  | (?P<quoted> (?:[uU]&)?"(?:[^"]|"")*" )
  | (?P<dollars> \$(?P<tag>(?:[^\W\d]\w*)?)\$ (?P<rest> .*? \$(?P=tag)\$ )? )
  | (?P<parameter> \$\w+ )
  | (?P<word> [^\W\d][\w$]* )
  | (?P<number> \d[\w.]* | \.\d\w* )
  | (?P<mark> . )
    """,
    re.VERBOSE | re.DOTALL,
)
_BLOCK = re.compile(r"/\*|\*/")
_KINDS: dict[str, TokenKind] = {
    "line": "comment",
    "block": "comment",
    "escaped": "string",
    "string": "string",
    "dollars": "string",
    "quoted": "quoted",
    "parameter": "parameter",
    "word": "word",
    "number": "number",
    "mark": "mark",
}


@dataclass(frozen=True)
class Token:
    """A piece of SQL at [start, end) of its text."""

    kind: TokenKind
    text: str
    start: int
    end: int

    @property
    def name(self) -> str:
        """As an identifier: words in lower case, quoted ones as they are."""
        return self.text[1:-1].replace('""', '"') if self.kind == "quoted" else self.text.lower()

    @property
    def place(self) -> Place:
        return Place(self.start, self.end)

    def says(self, *words: str) -> bool:
        """Whether it is one of these unquoted words, or marks."""
        return self.kind in ("word", "mark") and self.text.upper() in words


def tokens(sql: str) -> list[Token]:
    """All tokens but spaces and comments. Raises `QueryError` where a quotation does not end."""
    return [token for token in _tokens(sql) if token.kind != "comment"]


def parameters_of(sql: str) -> list[str]:
    """The names of `$parameters`, each once, in the order in which they occur."""
    return list(dict.fromkeys(each.text[1:] for each in tokens(sql) if each.kind == "parameter"))


def unwrapped(sql: str) -> tuple[int, str]:
    """A block without the dollars around it, and where it begins."""
    found = tokens(sql)
    if found and found[0].text.startswith("$$") and all(each.says(";") for each in found[1:]):
        return found[0].start + 2, found[0].text[2:-2]
    return 0, sql


def is_block(sql: str) -> bool:
    """Whether a text is a block of statements: `BEGIN ... END`."""
    found = tokens(unwrapped(sql)[1])
    return bool(found) and found[0].says("BEGIN")


def quoted(name: str) -> str:
    """An identifier, quoted."""
    return '"' + name.replace('"', '""') + '"'


def _tokens(sql: str) -> Iterator[Token]:
    position = 0
    while position < len(sql):
        match = _TOKENS.match(sql, position)
        if match is None:  # pragma: no cover - the last alternative takes any character
            raise QueryError("syntax", "This is no SQL.", place=Place(position, position + 1))
        kind, end = str(match.lastgroup), match.end()
        if match["dollars"]:
            kind = "dollars"
            if match["rest"] is None:
                raise QueryError("syntax", "A quoted text does not end.", "", Place(position, len(sql)))
        if kind == "block":
            end = _end_of_block(sql, position)
        if kind == "mark" and match[0] in "'\"":
            what = "text" if match[0] == "'" else "name"
            raise QueryError("syntax", f"A quoted {what} does not end.", "", Place(position, len(sql)))
        if kind != "space":
            yield Token(_KINDS[kind], sql[position:end], position, end)
        position = end


def _end_of_block(sql: str, start: int) -> int:
    """Where a comment ends; comments hold comments."""
    depth, position = 1, start + 2
    while depth:
        found = _BLOCK.search(sql, position)
        if found is None:
            raise QueryError("syntax", "A comment does not end.", "", Place(start, len(sql)))
        depth += 1 if found[0] == "/*" else -1
        position = found.end()
    return position
