"""Documents of audiences in; which attributes and events decide who is a member, out.

Rules compare with values; only the names of what they compare get into lineage.
"""

from collections.abc import Iterator

from perennial.audiences.comparisons import Where
from perennial.audiences.definition import Audience, blocks
from perennial.audiences.evaluation import published
from perennial.audiences.rules import (
    Condition,
    EventCondition,
    FieldCondition,
    FieldRule,
    Rule,
    SequenceCondition,
)
from perennial.audiences.values import Field
from perennial.lineage.model import (
    MEMBERSHIP,
    PERSON,
    Dataset,
    Derivation,
    Documents,
    Use,
    lake,
    profiles_of,
    table_of,
)

RESPONSES = "email_events"
LISTS = lake("audiences/lists")


def membership(documents: Documents) -> Derivation:
    """Who is in which audience: people of the profiles, by what all published rules ask."""
    people = profiles_of(documents)
    rows = [use for each in published(documents.audiences).values() for use in uses(documents, each, people)]
    return Derivation({PERSON: (Use(people, PERSON),)}, tuple(dict.fromkeys(rows)))


def live_membership(documents: Documents) -> Derivation:
    """The same of audiences that people enter and leave as events come."""
    people = lake("live/profiles")
    streamed = [each for each in published(documents.audiences).values() if each.evaluation == "stream"]
    rows = [use for each in streamed for use in uses(documents, each, people)]
    return Derivation({PERSON: (Use(people, PERSON),)}, tuple(dict.fromkeys(rows)))


def evaluations(documents: Documents) -> Derivation:
    """How large each audience was found."""
    return Derivation(
        {"size": (Use(MEMBERSHIP, PERSON, "aggregation"),)}, also=frozenset({profiles_of(documents)})
    )


def uses(documents: Documents, audience: Audience, people: Dataset) -> Iterator[Use]:
    """Which columns an audience's rule, the consent that it needs, and its order ask about."""
    note = f"audience {audience.name}"
    if audience.list is not None:
        yield Use(LISTS, "value", "filter", note)
    else:
        yield from _of_rule(documents, audience.condition, people, note)
    if audience.purpose is not None and audience.purpose in documents.consents:
        yield from _of_rule(documents, documents.consents[audience.purpose].rule, people, note)
    if audience.top is not None:
        yield Use(people, audience.top.by, "sort", note)


def _of_rule(documents: Documents, rule: Rule, people: Dataset, note: str) -> Iterator[Use]:
    for _, block in blocks(rule, Where(note)):
        if isinstance(block, Condition):
            yield Use(people, block.attribute, "filter", note)
            for other in _compared_with(block.value):
                yield Use(people, other, "filter", note)
        elif isinstance(block, EventCondition):
            yield Use(_events(documents, block.event), "event_time", "filter", note)
            yield from _of_field(documents, block.event, block.of, note)
            yield from _of_fields(documents, block.event, block.where, note)
        elif isinstance(block, SequenceCondition):
            for step in block.sequence:
                yield Use(_events(documents, step.event), "event_time", "filter", note)
                yield from _of_fields(documents, step.event, step.where, note)
                for own in step.matching:
                    yield from _of_field(documents, step.event, own, note)


def _of_fields(documents: Documents, event: str, rule: FieldRule | None, note: str) -> Iterator[Use]:
    if isinstance(rule, FieldCondition):
        for field in (rule.field, *_compared_with(rule.value)):
            yield from _of_field(documents, event, field, note)
    elif rule is not None:
        for inner in rule.rules:
            yield from _of_fields(documents, event, inner, note)


def _of_field(documents: Documents, event: str, field: str | None, note: str) -> Iterator[Use]:
    """A field of an event, or of a record that the event refers to, as in `products.department`."""
    if field is None:
        return
    records, _, column = field.rpartition(".")
    source = table_of(documents, records) if records in documents.datasets else _events(documents, event)
    yield Use(source, column if records in documents.datasets else field, "filter", note)


def _compared_with(value: object) -> list[str]:
    """Other fields of the same row that a value is compared with."""
    every = value if isinstance(value, list) else [value]
    return [each.field for each in every if isinstance(each, Field)]


def _events(documents: Documents, event: str) -> Dataset:
    return lake("responses/email_events") if event == RESPONSES else table_of(documents, event)
