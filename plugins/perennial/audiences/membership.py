"""Profiles and events in; who is in each audience, and who came in and left since the day before, out.

A membership's status is `entered`, `kept` or `exited`, compared with the nearest earlier day that was
evaluated. A day that is evaluated again corrects the day after it too, so that the order of runs leaves no
trace.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime

import polars as pl

from perennial.audiences.comparisons import Row, Where
from perennial.audiences.compile import compile_rule, member_column
from perennial.audiences.definition import Audience, Consent, blocks
from perennial.audiences.happenings import Events, answered
from perennial.audiences.rules import AudienceCondition, Group, Rule
from perennial.lake.tables import Table

ENTERED, KEPT, EXITED = "entered", "kept", "exited"
KEYS = ["audience", "person_id"]
MEMBERS = dict.fromkeys([*KEYS, "definition_hash"], pl.String())


def evaluate(
    profiles: pl.LazyFrame,
    events: Events,
    audiences: Mapping[str, Audience],
    consents: Mapping[str, Consent],
    now: datetime,
) -> pl.DataFrame:
    """Members of all published audiences, as of a moment: (audience, person_id, definition_hash).

    Events are read once for all audiences. Raises `RuleError`, which names the audience.
    """
    order = in_order({name: each for name, each in audiences.items() if each.state == "published"})
    if not order:
        return pl.DataFrame(schema=MEMBERS)
    rules = {each.name: full_rule(each, consents) for each in order}
    everybody = matched(profiles, events, rules, now).sort("person_id").collect(engine="streaming")
    members = [
        everybody.filter(each.name).select(
            pl.lit(each.name).alias("audience"), "person_id", definition_hash=pl.lit(each.definition_hash)
        )
        for each in sorted(order, key=lambda each: each.name)
    ]
    return pl.concat(members)


def matched(profiles: pl.LazyFrame, events: Events, rules: Mapping[str, Rule], now: datetime) -> pl.LazyFrame:
    """(person_id, a column for each rule by its name): who meets which rule.

    A rule may speak of the members of one that comes before it.
    """
    row, people = Row(profiles.collect_schema(), now, "profiles"), profiles
    every = (block for name, rule in rules.items() for block in blocks(rule, Where(name)))
    if (happened := answered(every, events, now)) is not None:
        people = people.join(happened, on="person_id", how="left")
    waiting: dict[str, pl.Expr] = {}
    for name, rule in rules.items():
        spoken_of = {
            each.audience for _, each in blocks(rule, Where(name)) if isinstance(each, AudienceCondition)
        }
        if spoken_of & waiting.keys():
            # What it speaks of has to be there; all others are found side by side.
            people, waiting = _with_members(people, waiting), {}
        waiting[name] = compile_rule(rule, row, Where(name))
    people = _with_members(people, waiting)
    return people.select("person_id", **{name: member_column(name) for name in rules})


def _with_members(people: pl.LazyFrame, rules: Mapping[str, pl.Expr]) -> pl.LazyFrame:
    return people.with_columns(rule.alias(member_column(name)) for name, rule in rules.items())


def full_rule(audience: Audience, consents: Mapping[str, Consent]) -> Rule:
    """What members must meet: the audience's rule, and the consent to its purpose."""
    if audience.purpose is None:
        return audience.rule
    if audience.purpose not in consents:
        raise Where(audience.name, "purpose").error(
            f"nothing says who consents to {audience.purpose}; known: {[*consents]}"
        )
    return Group(all=[consents[audience.purpose].rule, audience.rule])


def in_order(audiences: Mapping[str, Audience], wanted: Iterable[str] | None = None) -> list[Audience]:
    """Each audience after those that it speaks of; all, or some and what they need.

    Raises `RuleError` for unknown ones, and for circles.
    """
    found: dict[str, Audience] = {}

    def visit(name: str, path: tuple[str, ...], where: Where) -> None:
        if name in path:
            raise where.error(f"it is made of itself: {' of '.join((*path, name))}")
        if name not in audiences:
            raise where.error(f"there is no published audience {name}; there are {', '.join(audiences)}")
        if name not in found:
            for place, block in blocks(audiences[name].rule, Where(name)):
                if isinstance(block, AudienceCondition):
                    visit(block.audience, (*path, name), place)
            found[name] = audiences[name]

    for name in audiences if wanted is None else wanted:
        visit(name, (), Where(name))
    return list(found.values())


def store(table: Table, members: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Commit the members as of a day, with their status; returns what was committed for that day."""
    days = [date.fromisoformat(key) for key in table.partitions()]
    before = max((day for day in days if day < as_of), default=None)
    after = min((day for day in days if day > as_of), default=None)
    rows = transitions(_members(table, before), members)
    _commit(table, rows, as_of)
    if after is not None:
        _commit(table, transitions(members, _members(table, after)), after)
    return rows


def transitions(before: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """The members of a day and those who left, each with a status; both frames as `evaluate` gives them."""
    came = now.join(before, on=KEYS, how="anti").with_columns(status=pl.lit(ENTERED))
    stayed = now.join(before, on=KEYS, how="semi").with_columns(status=pl.lit(KEPT))
    left = before.join(now, on=KEYS, how="anti").with_columns(status=pl.lit(EXITED))
    return pl.concat([came, stayed, left]).sort(KEYS)


def _members(table: Table, day: date | None) -> pl.DataFrame:
    if day is None:
        return pl.DataFrame(schema=MEMBERS)
    members = table.scan().filter(as_of=day).filter(pl.col("status") != EXITED)
    return members.select(*KEYS, "definition_hash").collect()


def _commit(table: Table, rows: pl.DataFrame, day: date) -> None:
    table.replace(rows.with_columns(as_of=pl.lit(day)), day)
