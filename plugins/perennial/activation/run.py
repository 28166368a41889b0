"""One activation as of one day: members and profiles in; an updated destination and a report out."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from typing import Any

import polars as pl

from perennial.activation.definition import Activation
from perennial.activation.desired import Desired, address, desired
from perennial.activation.destinations.base import Suppression
from perennial.activation.holdout import SCHEMA, Split, keys_of, split
from perennial.activation.lanes import ahead
from perennial.activation.ledger import Replay
from perennial.activation.plan import Plan, plan
from perennial.activation.ranges import ranges
from perennial.activation.send import Sender
from perennial.audiences.membership import EXITED
from perennial.errors import TerminalError
from perennial.lake.catalog import Lake


@dataclass(frozen=True)
class Report:
    """What a run did, in numbers; nobody is named."""

    activation: str
    destination: str
    as_of: str
    skipped: str = ""
    """Why nothing was done, if so."""
    upserted: int = 0
    """People created or updated."""
    removed: int = 0
    """Memberships taken away."""
    unchanged: int = 0
    """Memberships that needed no request."""
    suppressed: int = 0
    """Wanted people who opted out or cannot be reached: not sent."""
    rejected: int = 0
    """Memberships that the destination refuses as they are."""
    shared_key: int = 0
    """People who share an address with another one, and are reached through it."""
    without_key: Mapping[str, int] = field(default_factory=dict)
    """Members without an address, by audience."""
    held_out: int = 0
    """People who are not sent anything, so that it can be measured what sending brings."""
    kept: Mapping[str, int] = field(default_factory=dict)
    """Members who stay in an audience because it could not be evaluated, by audience."""

    def plus(self, changes: Plan) -> "Report":
        """With what a plan changes, for some of the people."""
        return replace(
            self,
            upserted=self.upserted + changes.upserts.height,
            removed=self.removed + changes.removals.height,
            unchanged=self.unchanged + changes.unchanged,
            suppressed=self.suppressed + changes.suppressed,
        )

    def as_dict(self) -> dict[str, Any]:
        """As plain values, for XCom and asset metadata."""
        return asdict(self)


def run(
    activation: Activation,
    as_of: datetime,
    members: pl.LazyFrame,
    profiles: pl.LazyFrame,
    titles: Mapping[str, str],
    sender: Sender,
    dry_run: bool = False,
    kept: Mapping[str, int] | None = None,
    replay: Replay | None = None,
    request: str = "",
) -> Report:
    """Bring the destination to the state of `as_of`.

    `members` (audience, person_id) and `profiles` (person_id and attributes) are those of `as_of`; `titles`
    are the audiences'. A day before the newest one that was sent is a no-op: a backfill never rolls a
    destination back. A `dry_run` reads suppressions, counts, and changes nothing. `kept` says how many of the
    members are those of earlier days. `replay` sends again what was rejected, or everybody, once for each
    `request`: a run that is retried goes on where it was.
    """
    ledger, destination = sender.ledger, sender.destination
    empty = Report(activation.name, ledger.destination, as_of.isoformat(), kept=kept or {})
    if reason := ledger.behind(as_of):
        return replace(empty, skipped=reason)
    drawn = by_lot(activation, members, profiles, ledger.assignments(), address(activation))
    wanted = desired(activation, drawn.members, profiles)
    report = replace(
        empty, held_out=drawn.held_out, shared_key=wanted.shared_key, without_key=wanted.without_key
    )
    if dry_run:
        for changes in _plans(wanted, sender, list(destination.suppressions())):
            report = report.plus(changes)
        return replace(report, rejected=ledger.rejected())
    run_id = ledger.begin(as_of)
    ledger.assign(as_of, drawn.assigned)
    if again := "all" if activation.mode == "full" else replay:
        ledger.reopen(run_id, again, request)
    sender.recover()
    suppressions = list(destination.suppressions())
    ledger.replace_suppressions(suppressions)
    lists = _lists(activation, titles, sender)
    for changes in _plans(wanted, sender, suppressions):
        if changes.upserts.height and not report.upserted:
            destination.prepare(wanted.fields)
        report = report.plus(changes)
        sender.submit(run_id, changes, lists)
    sender.settle()
    report = replace(report, rejected=ledger.rejected())
    ledger.finish(run_id, report.as_dict())
    return report


def _plans(wanted: Desired, sender: Sender, suppressions: Iterable[Suppression]) -> Iterator[Plan]:
    """What is to be changed, for some people after the other: memory does not grow with the audience.

    What becomes of those who follow is worked out while the ones before them are sent.
    """
    suppressed = pl.Series(sorted({each.key for each in suppressions}), dtype=pl.String)
    parts = ranges(wanted.reachable["key"], sender.at_once)
    return ahead(plan(wanted.rows(within), sender.ledger.rows(within), suppressed) for within in parts)


def by_lot(
    activation: Activation,
    members: pl.LazyFrame,
    profiles: pl.LazyFrame,
    recorded: pl.DataFrame,
    key: pl.Expr,
) -> Split:
    """The members who are sent what the activation sends; all of them where nobody is to be held out."""
    holdout = activation.holdout
    if holdout is None:
        return Split(members, pl.DataFrame(schema=SCHEMA), 0)
    keys = keys_of(profiles, key, holdout, f"activation {activation.name}")
    theirs = members.filter(pl.col("audience").is_in(activation.audiences))
    return split(theirs, keys, recorded, activation.name, holdout)


def inputs(
    lake: Lake, activation: Activation, titles: Mapping[str, str], as_of: date
) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """The members and the profiles of a day, for `run`.

    Refuses an audience that is not declared, and a day that was not computed: an empty lake must never look
    like an audience that everyone has left.
    """
    if unknown := sorted(set(activation.audiences) - titles.keys()):
        raise TerminalError(
            f"activation {activation.name}: audiences: no audience {', '.join(unknown)}; declared:"
            f" {', '.join(sorted(titles))}"
        )
    # Where nobody is in any audience, the evaluations alone tell that they were evaluated.
    for tables in ([lake.profiles], [lake.membership, lake.evaluations]):
        if not any(as_of.isoformat() in table.partitions() for table in tables):
            raise TerminalError(
                f"{tables[0].name} has nothing as of {as_of}: run the stage before activation first"
            )
    members = lake.membership.scan().filter(pl.col("as_of") == as_of, pl.col("status") != EXITED)
    return members.select("audience", "person_id"), lake.profiles.scan().filter(pl.col("as_of") == as_of)


def _lists(activation: Activation, titles: Mapping[str, str], sender: Sender) -> dict[str, str]:
    """The list ids of all audiences; a list that is new or was renamed costs a request, the others none."""
    known = sender.ledger.lists()
    for audience in activation.audiences:
        name = activation.list_name.format(name=audience, title=titles[audience])
        list_id, current = known.get(audience, (None, None))
        if current != name:
            list_id = sender.destination.ensure_list(name, list_id)
            others = [each for each in activation.audiences if each != audience and each in known]
            if shared := [each for each in others if known[each][0] == list_id]:
                raise TerminalError(
                    f"activation {activation.name}: {audience} and {shared[0]} would share the list {name!r};"
                    " give the audiences different titles, or put {name} into list_name"
                )
            sender.ledger.remember_list(audience, list_id, name)
            known[audience] = (list_id, name)
    return {audience: list_id for audience, (list_id, _) in known.items()}
