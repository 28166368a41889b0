"""The filters above a dashboard's widgets: documents in; what they offer, and their values, out."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, model_validator

from perennial.documents import Document
from perennial.insights.guided_scope import quoted

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
BUILT_IN = frozenset({"day", "from_day"})
OWN = "picked_"
"""How the names begin of what is bound beside the parameters of a query."""
MOST_VALUES = 1_000


class Choice(Document):
    """One value that a filter offers."""

    value: str
    """What is bound; empty is all."""
    label: str
    """What people read."""


class Filter(Document):
    """A list above the widgets. Its value is bound to `$name` in their queries: a text, or an array of texts.

    Widgets that do not ask for it are filtered by its column, if their table or their result has that.
    """

    name: Name
    """Its name in addresses, and in SQL as `$name`."""
    title: str
    """What stands above it."""
    column: Annotated[str, Field(pattern=r"^(\w+\.)?\w+$", max_length=140)] | None = None
    """What it filters by: `table.column`, whose values it then offers, or a column's name alone."""
    choices: tuple[Choice, ...] = ()
    """What is offered, beside what `sql` returns."""
    sql: str | None = None
    """Returns (value, label); offered after the fixed choices."""
    multiple: bool = False
    """Whether several can be chosen; none is all of them."""
    default: str | tuple[str, ...] = ""
    """What is chosen to begin with; empty is all."""

    @model_validator(mode="after")
    def _offers_something(self) -> "Filter":
        if not self.choices and self.offers is None:
            raise ValueError("a filter needs choices, sql, a column with its table, or several of them")
        if self.name in BUILT_IN or self.name in ("day", "period") or self.name.startswith(OWN):
            raise ValueError(f"{self.name} is taken by the day picker, or by what is picked in widgets")
        if not self.multiple and not isinstance(self.default, str):
            raise ValueError("only a filter with `multiple: true` begins with a list")
        return self

    @property
    def offers(self) -> str | None:
        """The query of its choices: its own, or the values of its column."""
        table, _, column = (self.column or "").rpartition(".")
        if self.sql or not table:
            return self.sql
        name = quoted(column)
        distinct = f"SELECT DISTINCT {name} FROM {quoted(table)} WHERE {name} IS NOT NULL"  # noqa: S608 - quoted
        return f"SELECT CAST({name} AS text), CAST({name} AS text) FROM ({distinct}) AS found ORDER BY {name}"  # noqa: S608

    @property
    def fixed(self) -> tuple[Choice, ...]:
        """What is offered without asking the store: where one is chosen of a column's values, also all."""
        alone = not (self.choices or self.sql or self.multiple)
        return (Choice(value="", label="All"),) if alone else self.choices

    @property
    def narrows(self) -> bool:
        """Whether it can let all through, and so narrows what is shown where it does not."""
        return self.multiple or any(choice.value == "" for choice in self.fixed)

    @property
    def field(self) -> str:
        """The name of its column, without the table."""
        return (self.column or "").rpartition(".")[2]

    def taken(self, said: str | Sequence[str] | None) -> str | list[str]:
        """Its value after an answer: a text, or a list of those that are chosen; None is the default."""
        answer = self.default if said is None else said
        values = [answer] if isinstance(answer, str) else list(answer)
        if self.multiple:
            return [value for value in values if value][:MOST_VALUES]
        return values[-1] if values else ""
