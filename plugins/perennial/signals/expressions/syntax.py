"""Text of an expression in, its tree out: fields of a source file, literals, operators, and known functions.

The language is closed: nothing in it can name anything but fields and the functions of
`perennial.signals.expressions.functions`, and nothing is ever evaluated as code.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from perennial.signals.expressions.tokens import CONSTANTS, ExpressionError, Token, error_at, split

DEEPEST = 60
_LEVELS: list[set[str]] = [
    {"or"},
    {"and"},
    {"=", "==", "!=", "<>", "<", "<=", ">", ">="},
    {"+", "-"},
    {"*", "/"},
]
"""Operators that bind more loosely come first."""
_SAME = {"==": "=", "<>": "!="}


@dataclass(frozen=True)
class Literal:
    """A text, a number, true, false or null."""

    value: str | Decimal | bool | None
    position: int = 0


@dataclass(frozen=True)
class Reference:
    """A field of the source: its path, one part for each level; `written` is the name with its points."""

    path: tuple[str, ...]
    position: int = 0

    @property
    def written(self) -> str:
        return ".".join(self.path)


@dataclass(frozen=True)
class Call:
    """A function or an operator, applied."""

    name: str
    arguments: tuple["Node", ...]
    position: int


Node = Literal | Reference | Call


@lru_cache(maxsize=1024)
def parse(text: str) -> Node:
    """The tree of an expression; raises `ExpressionError`."""
    return _Parser(text).whole()


def columns_of(expression: str) -> set[tuple[str, ...]]:
    """The paths of the source fields that an expression uses."""
    return {node.path for node in _nodes(parse(expression)) if isinstance(node, Reference)}


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    if isinstance(node, Call):
        for argument in node.arguments:
            yield from _nodes(argument)


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = split(text)
        self._next = 0
        self._depth = 0

    def whole(self) -> Node:
        node = self._level(0)
        if self._now.kind != "end":
            raise self._error("expected an operator or the end")
        return node

    @property
    def _now(self) -> Token:
        return self._tokens[self._next]

    def _take(self, *texts: str) -> Token | None:
        if self._now.kind in ("sign", "word") and self._now.text in texts:
            self._next += 1
            return self._tokens[self._next - 1]
        return None

    def _expect(self, sign: str) -> None:
        if self._take(sign) is None:
            raise self._error(f"expected {sign!r}")

    def _error(self, problem: str) -> ExpressionError:
        found = repr(self._now.text) if self._now.text else "the end"
        return error_at(self._now.position, f"{problem}; found {found:.60}")

    def _level(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._single()
        if level == 2 and (sign := self._take("not")):
            return Call("not", (self._deeper(level),), sign.position)
        node: Node = self._level(level + 1)
        while sign := self._take(*_LEVELS[level]):
            node = Call(_SAME.get(sign.text, sign.text), (node, self._level(level + 1)), sign.position)
            if level == 2:
                break
        return node

    def _deeper(self, level: int) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._error(f"more than {DEEPEST} levels of brackets and signs")
        node = self._level(level)
        self._depth -= 1
        return node

    def _single(self) -> Node:
        if sign := self._take("-"):
            self._depth += 1
            if self._depth > DEEPEST:
                raise self._error(f"more than {DEEPEST} levels of brackets and signs")
            negative = Call("negative", (self._single(),), sign.position)
            self._depth -= 1
            return negative
        if self._take("("):
            node = self._deeper(0)
            self._expect(")")
            return node
        token = self._now
        if token.kind in ("number", "text") or (token.kind == "word" and token.text in CONSTANTS):
            self._next += 1
            return Literal(_literal(token), token.position)
        if token.kind not in ("name", "quoted"):
            raise self._error("expected a field, a text, a number or a function")
        self._next += 1
        if token.kind == "name" and self._take("("):
            return Call(token.text.lower(), self._arguments(), token.position)
        return self._reference(token)

    def _arguments(self) -> tuple[Node, ...]:
        if self._take(")"):
            return ()
        arguments = [self._deeper(0)]
        while self._take(","):
            arguments.append(self._deeper(0))
        self._expect(")")
        return tuple(arguments)

    def _reference(self, first: Token) -> Reference:
        path = [first.text.strip("`")]
        while self._take("."):
            if self._now.kind not in ("name", "quoted", "word"):
                raise self._error("expected the name of a field")
            path.append(self._now.text.strip("`"))
            self._next += 1
        return Reference(tuple(path), first.position)


def _literal(token: Token) -> str | Decimal | bool | None:
    if token.kind == "number":
        return Decimal(token.text)
    if token.kind == "word":
        return CONSTANTS[token.text]
    quote = token.text[0]
    return token.text[1:-1].replace(quote * 2, quote)
