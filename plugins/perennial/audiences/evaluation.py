"""Profiles and events in; who is in each audience, as of a moment, out."""

import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import reduce

import polars as pl

from perennial.audiences.comparisons import Row, Where
from perennial.audiences.compile import compile_rule, member_column
from perennial.audiences.definition import Audience, Consent, blocks
from perennial.audiences.happenings import Events, answered
from perennial.audiences.rules import AudienceCondition, Rule
from perennial.audiences.top import among_top
from perennial.identity.people import PERSON

KEYS = ["audience", PERSON]
MEMBERS = dict.fromkeys([*KEYS, "definition_hash"], pl.String())
Consents = Mapping[str, Consent]
"""By purpose."""
ASIDE = "__aside"
"""A name that no audience has: for a rule that is asked beside them."""


def evaluate(
    profiles: pl.LazyFrame,
    events: Events,
    audiences: Mapping[str, Audience],
    consents: Consents,
    now: datetime,
) -> pl.DataFrame:
    """Members of all published audiences: (audience, person_id, definition_hash).

    They stand by audience, and its people in no order. Events are read once for all audiences. Raises
    `RuleError`, which names the audience.
    """
    order = in_order(published(audiences), consents)
    if not order:
        return pl.DataFrame(schema=MEMBERS)
    everybody = matched(profiles, events, order, consents, now).collect(engine="streaming")
    members = [
        everybody.select(pl.col(PERSON).filter(each.name)).select(
            pl.lit(each.name).alias("audience"), PERSON, definition_hash=pl.lit(each.definition_hash)
        )
        for each in sorted(order, key=lambda each: each.name)
    ]
    return pl.concat(members)


def published(audiences: Mapping[str, Audience]) -> dict[str, Audience]:
    """Those that are evaluated."""
    return {name: each for name, each in audiences.items() if each.state == "published"}


def matched(
    profiles: pl.LazyFrame, events: Events, order: Sequence[Audience], consents: Consents, now: datetime
) -> pl.LazyFrame:
    """(person_id, a column for each audience by its name): who is in it.

    `order` is that of `in_order`: an audience may speak of those before it.
    """
    people, _ = answering(profiles, events, order, consents, now)
    return people.select(PERSON, **{each.name: member_column(each.name) for each in order})


def answering(
    profiles: pl.LazyFrame, events: Events, order: Sequence[Audience], consents: Consents, now: datetime
) -> tuple[pl.LazyFrame, Row]:
    """The profiles, with columns of all that rules ask: what compiled ones read, and what they come to."""
    row, people = Row(profiles.collect_schema(), now, "profiles"), profiles
    every = (block for each in order for block in all_blocks(each, consents))
    if (happened := answered(every, events, now)) is not None:
        people = people.join(happened, on=PERSON, how="left")
    waiting: dict[str, pl.Expr] = {}
    for each in order:
        if set(spoken_of(each, consents)) & waiting.keys():
            # What it speaks of has to be there; all others are found side by side.
            people, waiting = _with_members(people, waiting), {}
        parts = [compile_rule(rule, row, where) for where, rule in parts_of(each, consents)]
        holds = reduce(operator.and_, parts)
        top, where = each.top, Where(each.name, "top")
        waiting[each.name] = holds if top is None else among_top(top, holds, row, where)
    return _with_members(people, waiting), row


def all_blocks(audience: Audience, consents: Consents) -> Iterator[tuple[Where, Rule]]:
    """All blocks that members are asked for, each with its place."""
    for where, rule in parts_of(audience, consents):
        yield from blocks(rule, where)


def spoken_of(audience: Audience, consents: Consents) -> dict[str, Where]:
    """The audiences that one is made of, and where it says so."""
    found = all_blocks(audience, consents)
    return {block.audience: where for where, block in found if isinstance(block, AudienceCondition)}


def in_order(
    audiences: Mapping[str, Audience], consents: Consents, wanted: Iterable[str] | None = None
) -> list[Audience]:
    """Each audience after those that it speaks of; all, or some and what they need.

    Raises `RuleError` for unknown audiences and purposes, and for circles.
    """
    found: dict[str, Audience] = {}

    def visit(name: str, path: tuple[str, ...], where: Where) -> None:
        if name in path:
            raise where.error(f"it is made of itself: {' of '.join((*path, name))}")
        if name not in audiences:
            raise where.error(f"there is no published audience {name}; there are {', '.join(audiences)}")
        purpose = audiences[name].purpose
        if purpose is not None and purpose not in consents:
            message = f"nothing says who consents to {purpose}; known: {[*consents]}"
            raise Where(name, "purpose").error(message)
        if name not in found:
            for other, place in spoken_of(audiences[name], consents).items():
                visit(other, (*path, name), place)
            found[name] = audiences[name]

    for name in audiences if wanted is None else wanted:
        visit(name, (), Where(name))
    return list(found.values())


def parts_of(audience: Audience, consents: Consents) -> Iterator[tuple[Where, Rule]]:
    """What members must meet, all of it: the audience's rule, and that of the consent to its purpose."""
    yield Where(audience.name, "" if audience.list is None else "list"), audience.condition
    if audience.purpose is not None and audience.purpose in consents:
        yield Where(audience.name, "purpose"), consents[audience.purpose].rule


def _with_members(people: pl.LazyFrame, rules: Mapping[str, pl.Expr]) -> pl.LazyFrame:
    return people.with_columns(rule.alias(member_column(name)) for name, rule in rules.items())
