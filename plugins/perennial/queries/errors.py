"""What may go wrong with a query: its kind, a sentence, what to do, and the place in the text."""

from dataclasses import dataclass
from typing import Any, Literal

from perennial.errors import TerminalError

Kind = Literal[
    "syntax",
    "refused",
    "missing",
    "parameter",
    "snapshot",
    "timeout",
    "memory",
    "size",
    "cancelled",
    "busy",
    "unreachable",
    "failed",
]
"""`syntax`: the text is no SQL, or its names and types do not fit; `refused`: it asks for more than reading;
`missing`: no such table, function or template; `snapshot`: one that cannot be read; `size`: a result that is
too large to be shown; the others say it themselves."""


@dataclass(frozen=True)
class Place:
    """Characters [start, end) of the text that somebody wrote."""

    start: int
    end: int


class QueryError(TerminalError):
    """A query that gave no result; `place` is where in its text, as far as that is known."""

    def __init__(self, kind: Kind, message: str, hint: str = "", place: Place | None = None) -> None:
        super().__init__(f"{message} {hint}".strip())
        self.kind, self.message, self.hint, self.place = kind, message, hint, place

    def as_dict(self) -> dict[str, Any]:
        """As plain values; `QueryError.read` takes them."""
        place = None if self.place is None else [self.place.start, self.place.end]
        return {"kind": self.kind, "message": self.message, "hint": self.hint, "place": place}

    @classmethod
    def read(cls, values: dict[str, Any]) -> "QueryError":
        """The error of which these are the values."""
        place = None if values["place"] is None else Place(*values["place"])
        return cls(values["kind"], values["message"], values["hint"], place)

    def at(self, place: Place | None) -> "QueryError":
        """The same error at another place."""
        return QueryError(self.kind, self.message, self.hint, place)
