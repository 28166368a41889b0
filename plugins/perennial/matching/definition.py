"""A document in `include/matches`: which two tables are matched, by which columns, and how sure a match is.

Nothing here imports an engine: the scheduler reads these documents again and again.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from croniter import croniter
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from perennial.documents import Document, DocumentError, load_each, load_kind

Comparing = Literal["exact", "name", "text", "code"]
"""`exact`; `name` and `text` by Jaro-Winkler, a name's frequency counted; `code` by Damerau-Levenshtein."""
Pairs = Literal["one_to_one", "best", "all"]
AFTER, BY_HAND = "after_signals", "by_hand"
OFTEN = {"hourly": "0 * * * *", "daily": "0 0 * * *", "weekly": "0 0 * * 1", "monthly": "0 0 1 * *"}
ColumnName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


def _understood(text: str) -> str:
    if text in (AFTER, BY_HAND, *OFTEN) or (len(text.split()) == 5 and croniter.is_valid(text)):
        return text
    known = ", ".join([AFTER, BY_HAND, *OFTEN])
    raise ValueError(f"expected {known}, or five fields of cron such as `30 6 * * *` (06:30 UTC)")


class Side(Document):
    """One of the two tables."""

    dataset: str | None = None
    """A dataset of `include/datasets`."""
    table: str | None = None
    """Or any table of the lake, such as `queries/supplier_list`."""
    key: ColumnName
    """The column that names a row; rows without it are left out."""
    where: dict[ColumnName, list[str]] = {}
    """Only rows whose column has one of these values."""

    @model_validator(mode="after")
    def _one(self) -> "Side":
        if (self.dataset is None) == (self.table is None):
            raise ValueError("name a dataset or a table, one of them")
        return self


class Columns(Document):
    """One field, as each side calls it."""

    left: ColumnName
    """Its column on the left."""
    right: ColumnName
    """And on the right."""


def _same_name(value: Any) -> Any:
    return {"left": value, "right": value} if isinstance(value, str) else value


Shared = Annotated[Columns, BeforeValidator(_same_name, json_schema_input_type=str | Columns)]


class Comparison(Document):
    """How a field of people is compared."""

    by: Comparing
    """By what likeness."""
    left: ColumnName | None = None
    right: ColumnName | None = None
    """What each side calls it, if not as the document does."""


def _short(value: Any) -> Any:
    return {"by": value} if isinstance(value, str) else value


ComparisonField = Annotated[
    Comparison, BeforeValidator(_short, json_schema_input_type=Comparing | Comparison)
]


class Match(Document):
    """What people's and products' matches have in common."""

    name: str
    kind: str
    """Of people, or of products."""
    title: Annotated[str, Field(min_length=1)]
    """What people call it."""
    description: str = ""
    """For people."""
    left: Side
    """One table."""
    right: Side
    """The other one."""
    threshold: Annotated[float, Field(gt=0, le=1)]
    """From which score on a pair is a match."""
    review: Annotated[float | None, Field(gt=0, le=1)] = None
    """From which score on pairs are kept to be looked at; by default half the threshold."""
    pairs: Pairs = "one_to_one"
    """Whether a row may have one partner, each left row its best one, or as many as there are."""
    schedule: Annotated[str, AfterValidator(_understood)] = AFTER
    """`after_signals` of a day, `by_hand`, `hourly`, `daily`, `weekly`, `monthly`, or cron (UTC)."""

    @property
    def cron(self) -> str | None:
        """When it runs by the clock."""
        return None if self.schedule in (AFTER, BY_HAND) else OFTEN.get(self.schedule, self.schedule)

    def columns(self, side: Literal["left", "right"]) -> dict[str, str]:
        """What a side calls each field that is compared."""
        raise NotImplementedError

    @property
    def dag(self) -> str:
        return f"match_{self.name}"

    @property
    def least(self) -> float:
        """The score below which nothing is kept."""
        return self.threshold / 2 if self.review is None else self.review

    @model_validator(mode="after")
    def _in_order(self) -> "Match":
        if self.least > self.threshold:
            raise ValueError(f"review, {self.least}, is above the threshold, {self.threshold}")
        return self


class PeopleMatch(Match):
    """People, by several fields of which each tells a little."""

    kind: Literal["people"] = "people"
    """This kind, also where nothing is said."""
    compare: Annotated[dict[ColumnName, ComparisonField], Field(min_length=2)]
    """The fields, and how each is compared."""
    blocks: Annotated[list[Annotated[list[ColumnName], Field(min_length=1)]], Field(min_length=2)]
    """Only pairs are compared that agree in all fields of one of these."""

    def columns(self, side: Literal["left", "right"]) -> dict[str, str]:
        """What a side calls each field."""
        return {name: getattr(each, side) or name for name, each in self.compare.items()}

    @model_validator(mode="after")
    def _can_learn(self) -> "PeopleMatch":
        known, used = set(self.compare), {name for block in self.blocks for name in block}
        if unknown := sorted(used - known):
            raise ValueError(
                f"blocks: {', '.join(unknown)} is not compared; known: {', '.join(self.compare)}"
            )
        if everywhere := sorted(set.intersection(*map(set, self.blocks))):
            raise ValueError(
                f"blocks: {', '.join(everywhere)} is in every block, so nothing can be learned of how far it "
                "can be trusted: add a block without it"
            )
        return self


class ProductMatch(Match):
    """Things, by what is written of them."""

    kind: Literal["products"]
    """This kind."""
    text: Annotated[list[Shared], Field(min_length=1)]
    """The columns whose texts are compared, as one."""
    same: list[Shared] = []
    """Only rows are compared that agree in all of these, such as a brand."""

    def columns(self, side: Literal["left", "right"]) -> dict[str, str]:
        """What a side calls each column; each is called as the left side has it."""
        return {each.left: getattr(each, side) for each in (*self.text, *self.same)}


KINDS: dict[str, type[Match]] = {"people": PeopleMatch, "products": ProductMatch}
"""The kinds of documents in `include/matches`."""


def load_matches(include: Path) -> dict[str, Match | DocumentError]:
    """Every match by name; one that cannot be read does not keep the others from running."""
    return load_each((include / "matches").glob("*.yaml"), load_match)


def load_match(path: Path) -> Match:
    """One document of either kind."""
    return load_kind(path, KINDS, default="people")
