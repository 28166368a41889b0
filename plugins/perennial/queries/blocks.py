"""Several statements in, run in their order; the result of the last one, or of the handler, out.

    BEGIN
        SET @newest = SELECT max(snapshot_id) FROM history_meta('events.transactions');
        CREATE TEMP TABLE fresh AS SELECT * FROM events.transactions BETWEEN 10 AND @newest;
        SELECT count(*) FROM fresh;
    EXCEPTION WHEN OTHERS THEN
        SELECT 'ERROR' AS outcome;
    END

A statement begins when the one before it has ended; the first that fails ends the block and begins the
handler. Blocks hold blocks. Variables (`SET @name`) and tables are known until the query ends; nothing is
written anywhere. The query language that this follows puts blocks between `$$`, which may stand here, too.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import polars as pl

from perennial.queries.errors import Place, QueryError
from perennial.queries.lake_engine import LakeEngine
from perennial.queries.results import Column, plain
from perennial.queries.tokens import Token, tokens, unwrapped

Result = tuple[list[Column], Iterator[pl.DataFrame]]
_STOPPED = ("timeout", "memory", "cancelled")
"""What ends a whole query, and is not handled."""


def run_block(engine: LakeEngine, sql: str, parameters: Mapping[str, Any]) -> Result:
    """Run a block, or the one statement that there is. Raises `QueryError` about places of `sql`."""
    shift, text = unwrapped(sql)
    found = tokens(text)
    try:
        if not found or not found[0].says("BEGIN"):
            return engine.run(text, parameters)
        block = _Block(engine, text, found, dict(parameters))
        result = block.run()
        for token in found[block.at :]:
            if not token.says(";"):
                raise QueryError("syntax", "The block has ended.", "Take this away.", token.place)
    except QueryError as error:
        raise error.at(_moved(error.place, shift)) from None
    if result is None:
        raise QueryError("syntax", "The block gives no result.", "Let it end with a SELECT.", found[-1].place)
    return result


class _Block:
    """Tokens of a block, run as they are read."""

    def __init__(
        self, engine: LakeEngine, text: str, found: list[Token], variables: dict[str, Any], at: int = 0
    ) -> None:
        self.engine, self.text, self.found, self.variables, self.at = engine, text, found, variables, at

    def run(self) -> Result | None:
        """From BEGIN to END, and with it."""
        begin = self.at
        handler = self._handler(begin)
        self.at += 1
        try:
            result = self._statements(handler is not None)
        except QueryError as error:
            if handler is None or error.kind in _STOPPED:
                raise
            self.at = handler
            result = self._statements(True)
        while not self.found[self.at].says("END"):
            self._skip()
        self.at += 1
        return result

    def _statements(self, whole: bool) -> Result | None:
        result: Result | None = None
        while not self._now().says("END", "EXCEPTION"):
            if self._now().says("BEGIN"):
                result = self.run()
                if self.at < len(self.found) and self.found[self.at].says(";"):
                    self.at += 1
                continue
            found = self._statement()
            if found is not None:
                columns, pieces = found
                # With a handler, an error among the last rows must come before they are given away.
                result = columns, iter([*pieces]) if whole or not self._is_last() else pieces
        return result

    def _statement(self) -> Result | None:
        first = self.at
        end = self._skip()
        begin = self.found[first]
        if begin.says("SET"):
            self._set(first, end)
            return None
        if begin.says("CREATE"):
            self._create(first, end)
            return None
        return self._run(self.found[first], end)

    def _set(self, first: int, end: Token) -> None:
        at = self.found[first + 1 : first + 4]
        if not (len(at) == 3 and at[0].says("@") and at[1].kind == "word" and at[2].says("=")):
            hint = "Write SET @name = SELECT ...; other settings cannot be changed."
            raise QueryError(
                "refused", "SET gives a variable of the block a value.", hint, self.found[first].place
            )
        _, pieces = self._run(self.found[first + 4], end)
        rows = [row for piece in pieces for row in piece.rows()]
        value = rows[0][0] if rows else None
        self.variables[at[1].text] = plain(value) if isinstance(value, list | dict) else value

    def _create(self, first: int, end: Token) -> None:
        names = [token.text.upper() for token in self.found[first : first + 8]]
        offset = 3 if names[1:3] == ["OR", "REPLACE"] else 1
        kind = names[offset : offset + 2]
        if kind not in (["TEMP", "TABLE"], ["TEMPORARY", "TABLE"]) or names[offset + 3] != "AS":
            hint = "Write CREATE TEMP TABLE name AS SELECT ...; it is gone when the query ends."
            raise QueryError(
                "refused", "Only temporary tables can be made here.", hint, self.found[first].place
            )
        name = self.found[first + offset + 2].name
        query = self.found[first + offset + 4]
        text = self._text(query, end)
        with _At(query.start):
            self.engine.make(name, text, self.variables)

    def _run(self, first: Token, end: Token) -> Result:
        text = self._text(first, end)
        with _At(first.start):
            columns, pieces = self.engine.run(text, self.variables)
        return columns, _moving(pieces, first.start)

    def _text(self, first: Token, end: Token) -> str:
        """A statement's text, with `@name` as the parameter of that name, which is as long."""
        text = list(self.text[first.start : end.start])
        for token, following in pairwise(self.found):
            if first.start <= token.start < end.start and token.says("@") and following.start == token.end:
                if following.text not in self.variables:
                    message = f"The variable @{following.text} has no value."
                    raise QueryError("parameter", message, "SET it first.", following.place)
                text[token.start - first.start] = "$"
        return "".join(text)

    def _skip(self) -> Token:
        """Go behind the semicolon that ends a statement; returns it."""
        while self.at < len(self.found) and not self.found[self.at].says(";"):
            self.at += 1
        if self.at >= len(self.found):
            hint = "Each statement of a block ends with a semicolon, and the block with END."
            raise QueryError("syntax", "The block does not end.", hint, self.found[-1].place)
        self.at += 1
        return self.found[self.at - 1]

    def _handler(self, begin: int) -> int | None:
        """Where the statements of this block's own handler begin."""
        depth, at, starts = 0, begin, True
        while at < len(self.found):
            token = self.found[at]
            if starts and token.says("BEGIN"):
                depth += 1
            elif starts and token.says("END"):
                depth -= 1
                if depth == 0:
                    return None
                at, starts = at + 1, True
                continue
            elif starts and token.says("EXCEPTION") and depth == 1:
                said = [each.text.upper() for each in self.found[at + 1 : at + 4]]
                if said[:1] != ["WHEN"] or said[1:2] not in (["OTHER"], ["OTHERS"]) or said[2:] != ["THEN"]:
                    raise QueryError(
                        "syntax",
                        "EXCEPTION is not complete.",
                        "Write EXCEPTION WHEN OTHERS THEN.",
                        token.place,
                    )
                return at + 4
            starts = token.says(";", "BEGIN") or (
                token.says("THEN") and self.found[at - 1].says("OTHERS", "OTHER")
            )
            at += 1
        hint = "Each statement of a block ends with a semicolon, and the block with END."
        raise QueryError("syntax", "The block does not end.", hint, self.found[begin].place)

    def _now(self) -> Token:
        if self.at >= len(self.found):
            raise QueryError("syntax", "The block does not end.", "Write END.", self.found[-1].place)
        return self.found[self.at]

    def _is_last(self) -> bool:
        return self.at < len(self.found) and self.found[self.at].says("END", "EXCEPTION")


class _At:
    """Errors of a statement are about places of the whole text."""

    def __init__(self, start: int) -> None:
        self._start = start

    def __enter__(self) -> None: ...

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, QueryError) and error.place is not None:
            raise error.at(_moved(error.place, self._start)) from None


def _moving(pieces: Iterator[pl.DataFrame], start: int) -> Iterator[pl.DataFrame]:
    with _At(start):
        yield from pieces


def _moved(place: Place | None, by: int) -> Place | None:
    return None if place is None else Place(place.start + by, place.end + by)
