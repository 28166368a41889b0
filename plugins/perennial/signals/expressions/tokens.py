"""Text of an expression in, its tokens out; and the error that says where one makes no sense."""

import re
from dataclasses import dataclass

from perennial.errors import TerminalError

LONGEST = 250
_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<number>\d+(?:\.\d+)?)
    |(?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")
    |(?P<quoted>`[^`]+`)
    |(?P<name>[^\W\d]\w*)
    |(?P<sign><=|>=|!=|<>|==|[-+*/<>=(),.])""",
    re.VERBOSE,
)
CONSTANTS = {"true": True, "false": False, "null": None}
WORDS = {"and", "or", "not", *CONSTANTS}


class ExpressionError(TerminalError):
    """An expression cannot be understood; says where, and what is allowed there."""


def error_at(position: int, problem: str) -> ExpressionError:
    """The error for what stands at a position, counted from 0, of an expression."""
    return ExpressionError(f"at character {position + 1}: {problem}")


@dataclass(frozen=True)
class Token:
    """A sign, a word or a literal, and where it begins, counted from 0."""

    kind: str
    text: str
    position: int


def split(written: str) -> list[Token]:
    """The tokens of an expression, and one for its end; raises `ExpressionError`."""
    tokens, position = [], 0
    while position < len(written):
        match = _TOKEN.match(written, position)
        if match is None:
            raise error_at(
                position,
                f"{written[position]!r} means nothing here; texts stand in 'quotes', names with other "
                "signs than letters and digits in `backticks`",
            )
        if match.lastgroup != "space":
            kind, text = str(match.lastgroup), match.group()
            if kind == "name" and text.lower() in WORDS:
                kind, text = "word", text.lower()
            tokens.append(Token(kind, text, position))
        position = match.end()
    if len(tokens) > LONGEST:
        raise ExpressionError(f"an expression has at most {LONGEST} parts; found {len(tokens)}")
    return [*tokens, Token("end", "", position)]
