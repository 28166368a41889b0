"""Rules as data: what can be said of a person in a closed list of blocks, which nest.

A rule is never run as code: `perennial.audiences.compile` turns it into Polars expressions. In YAML, JSON and
Python it has the same shape.
"""

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Annotated, Literal, TypeVar

from pydantic import Discriminator, Tag, model_validator
from pydantic import Field as Bounds

from perennial.audiences.values import Span, Value
from perennial.documents import Document

Operator = Literal[
    "equals",
    "not_equals",
    "one_of",
    "none_of",
    "at_least",
    "at_most",
    "more_than",
    "less_than",
    "between",
    "contains",
    "not_contains",
    "starts_with",
    "ends_with",
    "includes",
    "not_includes",
    "within_last",
    "not_within_last",
    "within_next",
    "known",
    "unknown",
]
"""`between` has both ends; `includes` is of lists; `within_last` and `within_next` are of dates and times,
and take a span."""
WITHOUT_VALUE = {"known", "unknown"}
WITH_LIST = {"one_of", "none_of"}
WITH_SPAN = {"within_last", "not_within_last", "within_next"}
G = TypeVar("G", bound=Document)


def takes(operator: str) -> str:
    """What an operator is given: nothing, a list, two values, a span, or one value."""
    if operator in WITHOUT_VALUE:
        return "nothing"
    if operator in WITH_SPAN:
        return "span"
    return "list" if operator in WITH_LIST else "two" if operator == "between" else "one"


Aggregate = Literal["count", "count_distinct", "sum", "average", "min", "max"]


class Comparison(Document):
    """Something compared with a value. Where it is missing, only `unknown` holds."""

    operator: Operator
    """How it is compared."""
    value: Value | list[Value] | None = None
    """With what; a list for `one_of`, `none_of` and `between`, nothing for `known` and `unknown`."""

    @model_validator(mode="after")
    def _value_fits_the_operator(self) -> "Comparison":
        many = isinstance(self.value, list)
        if self.operator in WITHOUT_VALUE:
            expected, fits = "no value", self.value is None
        elif self.operator in WITH_LIST:
            expected, fits = "a list of values", isinstance(self.value, list) and bool(self.value)
        elif self.operator == "between":
            expected, fits = "a list of two values", isinstance(self.value, list) and len(self.value) == 2
        elif self.operator in WITH_SPAN:
            expected, fits = "a length of time, such as 30 days", isinstance(self.value, str)
        else:
            expected, fits = "one value", self.value is not None and not many
        if not fits:
            raise ValueError(f"operator {self.operator} takes {expected}")
        return self


class Condition(Comparison):
    """An attribute of the profile."""

    attribute: str
    """The attribute's name."""
    key: str | None = None
    """Which entry, where the attribute is a map, such as the department of a decile."""


class FieldCondition(Comparison):
    """A field of an event."""

    field: str
    """A column of the event, or of a record that it refers to: `products.department`."""


class FieldGroup(Document):
    """Conditions on one event, combined: exactly one of all, any and none."""

    all: "list[FieldRule] | None" = None
    """Each of them holds."""
    any: "list[FieldRule] | None" = None
    """At least one of them holds."""
    none: "list[FieldRule] | None" = None
    """None of them holds."""

    @model_validator(mode="after")
    def _exactly_one(self) -> "FieldGroup":
        return _one_of(self, self.all, self.any, self.none)

    @property
    def rules(self) -> "list[FieldRule]":
        """What is combined."""
        return self.all or self.any or self.none or []

    @property
    def word(self) -> str:
        """How: all, any or none of them."""
        return _word(self)


def _field_kind(rule: object) -> str:
    return "condition" if "field" in _keys(rule) else "group"


FieldRule = Annotated[
    Annotated[FieldCondition, Tag("condition")] | Annotated[FieldGroup, Tag("group")],
    Discriminator(_field_kind),
]


class Happening(Document):
    """Events of a dataset, with what must hold of each."""

    event: str
    """The dataset, or `email_events`."""
    where: FieldRule | None = None
    """What must hold of an event for it to count."""


class EventCondition(Happening):
    """How often something happened, or what it comes to: at least once, unless it says otherwise."""

    aggregate: Aggregate = "count"
    """What the events come to."""
    of: str | None = None
    """The field that is aggregated."""
    operator: Literal["at_least", "at_most", "more_than", "less_than", "equals", "not_equals"] = "at_least"
    """How that is compared."""
    value: int | float = 1
    """With which number."""
    within_last: Span | None = None
    """Only events of so long before now."""
    not_within_last: Span | None = None
    """Only events from before that."""

    @model_validator(mode="after")
    def _a_field_is_aggregated(self) -> "EventCondition":
        if (self.aggregate == "count") != (self.of is None):
            needs = (
                "counts events, and takes no field" if self.aggregate == "count" else "needs `of`, a field"
            )
            raise ValueError(f"aggregate {self.aggregate} {needs}")
        return self


class Step(Happening):
    """One event of a sequence."""

    after_at_least: Span | None = None
    """How long after the step before it, at the least."""
    after_at_most: Span | None = None
    """And at the most."""
    matching: dict[str, str] = {}
    """Fields that equal those of the step before: this event's field, and that event's."""


class SequenceCondition(Document):
    """Events that happened one after the other; others may lie between them."""

    sequence: Annotated[list[Step], Bounds(min_length=2)]
    """The events, in their order."""
    within_last: Span | None = None
    """All of them."""

    @model_validator(mode="after")
    def _the_first_follows_nothing(self) -> "SequenceCondition":
        first = self.sequence[0]
        if first.after_at_least or first.after_at_most or first.matching:
            raise ValueError("the first step of a sequence comes after nothing, and matches nothing")
        return self


class AudienceCondition(Document):
    """Members of another audience, as of the same moment."""

    audience: str
    """The audience's name."""


class ShareCondition(Document):
    """A stable random part of everybody: the same people each time, and more of them if it grows."""

    share: Annotated[float, Bounds(gt=0, lt=1)]
    """How much of everybody: 0.1 is a tenth."""
    after: Annotated[float, Bounds(ge=0, lt=1)] = 0
    """Where the part begins: those of one seed that adjoin have nobody in common, and leave nobody out."""
    seed: str
    """Other seeds give other, independent parts."""

    @model_validator(mode="after")
    def _within_everybody(self) -> "ShareCondition":
        if self.end > 1:
            raise ValueError(f"{self.share:g} after {self.after:g} is more than there is: together at most 1")
        return self

    @property
    def end(self) -> float:
        """Where the part ends; added as decimals, so that the next one begins exactly there."""
        return float(Decimal(repr(self.after)) + Decimal(repr(self.share)))


class Group(Document):
    """Rules combined: exactly one of all, any and none."""

    all: "list[Rule] | None" = None
    """Each of them holds."""
    any: "list[Rule] | None" = None
    """At least one of them holds."""
    none: "list[Rule] | None" = None
    """None of them holds."""

    @model_validator(mode="after")
    def _exactly_one(self) -> "Group":
        return _one_of(self, self.all, self.any, self.none)

    @property
    def rules(self) -> "list[Rule]":
        """What is combined."""
        return self.all or self.any or self.none or []

    @property
    def word(self) -> str:
        """How: all, any or none of them."""
        return _word(self)


def _one_of(group: G, *lists: Sequence[object] | None) -> G:
    given = [rules for rules in lists if rules is not None]
    if len(given) != 1 or not given[0]:
        raise ValueError("give exactly one of all, any, none, with at least one rule in it")
    return group


def _word(group: FieldGroup | Group) -> str:
    return "all" if group.all else "any" if group.any else "none"


def _keys(rule: object) -> Collection[str]:
    return rule if isinstance(rule, dict) else getattr(rule, "model_fields_set", ())


def _kind(rule: object) -> str:
    return next((kind for kind in BLOCKS if kind in _keys(rule)), "group")


BLOCKS = ["attribute", "event", "sequence", "audience", "share"]
"""The key by which each kind of block is known; groups have none of them."""
Rule = Annotated[
    Annotated[Condition, Tag("attribute")]
    | Annotated[EventCondition, Tag("event")]
    | Annotated[SequenceCondition, Tag("sequence")]
    | Annotated[AudienceCondition, Tag("audience")]
    | Annotated[ShareCondition, Tag("share")]
    | Annotated[Group, Tag("group")],
    Discriminator(_kind),
]
FieldGroup.model_rebuild()
Happening.model_rebuild()
Group.model_rebuild()
