"""Audiences in; how many rows the rule of each reads, and which part of a run falls to it, out.

A run reads everything once for all audiences, and answers a question that several ask only once: the time
of one of them cannot be told apart. Its part of the run is by what it asks for: everybody's profile, and the
rows of events that each of its questions goes through, divided among the audiences that ask the same.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from itertools import chain

from perennial.audiences.definition import Audience
from perennial.audiences.evaluation import Consents, all_blocks
from perennial.audiences.happenings import metric_name, sequence_name
from perennial.audiences.rules import EventCondition, SequenceCondition
from perennial.spans import before

INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Read:
    """Rows of a dataset that a question goes through once: those of the days in a window."""

    dataset: str
    first: date
    last: date

    def joined(self, other: "Read") -> "Read":
        """With another window on the same dataset, and what lies between them."""
        return Read(self.dataset, min(self.first, other.first), max(self.last, other.last))


Rows = Callable[[Read], int]
"""How many rows that are."""


@dataclass(frozen=True)
class Cost:
    """What an audience costs."""

    rows: int
    """Of profiles, and of events on the days in its windows."""
    share: float
    """Of the run."""


def costs(
    audiences: Iterable[Audience], consents: Consents, now: datetime, people: int, rows: Rows
) -> dict[str, Cost]:
    """The cost of each audience of a run; `people` is the number of profiles."""
    counted, alone, asked = cache(rows), {}, {}
    for each in audiences:
        questions = dict(_questions(each, consents, now))
        windows: dict[str, Read] = {}
        for read in chain.from_iterable(questions.values()):
            windows[read.dataset] = read.joined(windows.get(read.dataset, read))
        alone[each.name] = people + sum(map(counted, windows.values()))
        asked[each.name] = {name: sum(map(counted, reads)) for name, reads in questions.items()}
    askers = Counter(chain.from_iterable(asked.values()))
    weights = {
        audience: people + sum(gone_through / askers[name] for name, gone_through in questions.items())
        for audience, questions in asked.items()
    }
    every = sum(weights.values()) or 1
    return {name: Cost(alone[name], weight / every) for name, weight in weights.items()}


def _questions(audience: Audience, consents: Consents, now: datetime) -> Iterator[tuple[str, list[Read]]]:
    for _, block in all_blocks(audience, consents):
        if isinstance(block, EventCondition):
            yield metric_name(block), [_read(block.event, block.within_last, block.not_within_last, now)]
        elif isinstance(block, SequenceCondition):
            yield (
                sequence_name(block),
                [_read(step.event, block.within_last, None, now) for step in block.sequence],
            )


def _read(dataset: str, within: str | None, not_within: str | None, now: datetime) -> Read:
    first = before(now, within).date() if within else date.min
    end = before(now, not_within) if not_within else now
    return Read(dataset, first, (end - INSTANT).date())
