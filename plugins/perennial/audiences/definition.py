"""An audience document: conditions on profile attributes, combined with all, any and none.

A definition is data. It is compiled from the closed list of operators below to Polars expressions; nothing
in it is ever run as code.
"""

import hashlib
from datetime import date
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from perennial.documents import Document

Scalar = bool | int | float | date | str

Operator = Literal[
    "equals",
    "not_equals",
    "one_of",
    "none_of",
    "at_least",
    "at_most",
    "more_than",
    "less_than",
    "contains",
    "starts_with",
    "known",
    "unknown",
]

WITHOUT_VALUE = {"known", "unknown"}
WITH_LIST = {"one_of", "none_of"}


class Condition(Document):
    """One attribute of the profile compared with a value; a missing attribute meets only `unknown`."""

    attribute: str
    key: str | None = None
    """Which entry, where the attribute is a map, such as the department of a decile."""
    operator: Operator
    value: Scalar | list[Scalar] | None = None

    @model_validator(mode="after")
    def _value_fits_the_operator(self) -> "Condition":
        if self.operator in WITHOUT_VALUE:
            expected, fits = "no value", self.value is None
        elif self.operator in WITH_LIST:
            expected, fits = "a list of values", isinstance(self.value, list) and bool(self.value)
        else:
            expected, fits = "one value", self.value is not None and not isinstance(self.value, list)
        if not fits:
            raise ValueError(f"operator {self.operator} takes {expected}")
        return self


class Group(Document):
    """Rules combined: exactly one of all, any and none."""

    all: "list[Rule] | None" = None
    any: "list[Rule] | None" = None
    none: "list[Rule] | None" = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "Group":
        given = [rules for rules in (self.all, self.any, self.none) if rules is not None]
        if len(given) != 1 or not given[0]:
            raise ValueError("give exactly one of all, any, none, with at least one rule in it")
        return self


def _kind(rule: object) -> str:
    keys = rule if isinstance(rule, dict) else getattr(rule, "model_fields_set", ())
    return "condition" if "attribute" in keys else "group"


Rule = Annotated[
    Annotated[Condition, Tag("condition")] | Annotated[Group, Tag("group")], Discriminator(_kind)
]
Group.model_rebuild()


class Audience(Document):
    """Who belongs to an audience."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    title: str
    description: str = ""
    rule: Rule

    @property
    def definition_hash(self) -> str:
        """Tells two definitions apart: equal rules have equal hashes, whatever their titles."""
        return hashlib.sha256(self.rule.model_dump_json(exclude_none=True).encode()).hexdigest()[:16]
