"""Documents in; how far back each of them looks in which table, out."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

from perennial.audiences.evaluation import all_blocks, published
from perennial.audiences.rules import EventCondition, SequenceCondition
from perennial.spans import before
from perennial.stages.whose import identities_of
from perennial.stages.workspace import Workspace
from perennial.value.windows import FIRST, months_before, windows


@dataclass(frozen=True)
class Need:
    """Somebody's view into a table."""

    by: str
    """As `despite` names it."""
    since: date | None
    """The first day that is looked at; None for all."""


def needs(workspace: Workspace, today: date) -> Iterator[tuple[str, Need]]:
    """By the table's name: what looks at it, as of today."""
    now = datetime(today.year, today.month, today.day, tzinfo=UTC)
    for name, each in workspace.value.items():
        start = min(window.start for window in windows(each, today).values())
        yield f"events/{each.dataset}", Need(f"value/{name}", None if start == FIRST else start)
    for name, rfm in workspace.rfm.items():
        since = None if rfm.lookback == "lifetime" else months_before(today, rfm.lookback)
        yield f"events/{rfm.dataset}", Need(f"value/{name}", since)
    for name, lifetime in workspace.lifetime.items():
        yield f"events/{lifetime.dataset}", Need(f"value/{name}", None)
        back = lifetime.horizon_days + lifetime.refit_days
        yield f"lifetime/{name}", Need(f"value/{name}", date.fromordinal(today.toordinal() - back))
    for name, attribute in workspace.computed.items():
        window = before(now, attribute.within_last).date() if attribute.within_last else None
        yield f"events/{attribute.dataset}", Need(f"computed/{name}", window)
    for name, policy in workspace.profiles.items():
        yield from ((f"events/{dataset}", Need(f"profiles/{name}", None)) for dataset in policy.events)
    yield from _of_audiences(workspace, now)
    for name, dataset in workspace.datasets.items():
        known = identities_of(workspace, name) if workspace.namespaces else {}
        linking = [each for each in known.values() if workspace.namespaces[each].links]
        if dataset.kind == "event" and len(linking) > 1:
            yield f"events/{name}", Need("identities", None)
    # Since when somebody is a member stands on the day on which they came.
    yield "audiences/membership", Need("audiences", None)


def _of_audiences(workspace: Workspace, now: datetime) -> Iterator[tuple[str, Need]]:
    for name, audience in published(workspace.audiences).items():
        for _, block in all_blocks(audience, workspace.consents):
            steps = [block] if isinstance(block, EventCondition) else []
            spans = [(each.event, each.within_last) for each in steps]
            if isinstance(block, SequenceCondition):
                spans = [(step.event, block.within_last) for step in block.sequence]
            for event, within in spans:
                table = "responses/email_events" if event == "email_events" else f"events/{event}"
                yield table, Need(f"audiences/{name}", before(now, within).date() if within else None)
