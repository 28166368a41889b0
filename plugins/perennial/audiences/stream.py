"""Events as they come, and time as it passes, in; who enters and who leaves which audience, at once, out.

Only people are looked at of whom something is new, or whom a window's end has passed: by the same functions
that evaluate everybody by day, over all events of these people. So both agree, whatever the definition and
however long its windows.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

import polars as pl

from perennial.audiences.crossings import crossings
from perennial.audiences.definition import Audience
from perennial.audiences.evaluation import Consents, all_blocks, in_order, matched, published
from perennial.audiences.happenings import datasets_of
from perennial.audiences.membership import ENTERED, EXITED
from perennial.audiences.remembered import Remembered
from perennial.identity.people import PERSON

CHANGES = {
    "audience": pl.String(),
    PERSON: pl.String(),
    "status": pl.String(),
    "at": pl.Datetime("us", "UTC"),
}


class Stream:
    """The state of all published audiences."""

    def __init__(
        self,
        audiences: Mapping[str, Audience],
        consents: Consents,
        profiles: pl.DataFrame,
        events: Mapping[str, pl.DataFrame],
        now: datetime,
    ) -> None:
        """Everybody, with all events so far, as of a moment. Raises `RuleError` for rules that do not fit."""
        self._order, self._consents = in_order(published(audiences), consents), consents
        every = [block for each in self._order for _, block in all_blocks(each, consents)]
        self._crossings, self.now = crossings(every), now
        self._events = {name: Remembered(events[name]) for name in datasets_of(every)}
        self._profiles = profiles
        self.members = self._evaluated(
            profiles, {name: e.of(profiles[PERSON]) for name, e in self._events.items()}
        )

    def take(
        self, events: Mapping[str, pl.DataFrame], now: datetime, profiles: pl.DataFrame | None = None
    ) -> pl.DataFrame:
        """Take in what came until now, and profiles that changed; returns who entered or left.

        Changes: (audience, person_id, status, at). Events that no rule speaks of are passed over.
        """
        before, self.now = self.now, now
        for name, fresh in events.items():
            if name in self._events and fresh.height:
                self._events[name].add(fresh)
        if profiles is not None:
            kept = self._profiles.join(profiles, on=PERSON, how="anti")
            self._profiles = pl.concat([kept, profiles.select(kept.columns)])
        due = pl.concat(list(self._due(events, before, profiles))).unique()
        people = self._profiles.filter(pl.col(PERSON).is_in(due.implode()))
        if people.is_empty():
            return pl.DataFrame(schema=CHANGES)
        theirs = {name: remembered.of(people[PERSON]) for name, remembered in self._events.items()}
        after = self._evaluated(people, theirs)
        changes = self._changes(after)
        others = self.members.filter(~pl.col(PERSON).is_in(people[PERSON].implode()))
        self.members = pl.concat([others, after])
        return changes

    def _due(
        self, events: Mapping[str, pl.DataFrame], before: datetime, profiles: pl.DataFrame | None
    ) -> Iterator[pl.Series]:
        """Whom to look at again: rather too many than too few."""
        yield pl.Series(PERSON, [], pl.String)
        for name, fresh in events.items():
            if name in self._events:
                yield fresh[PERSON].drop_nulls()
        if profiles is not None:
            yield profiles[PERSON]
        for crossing in self._crossings:
            if crossing.dataset is None:
                passed = crossing.passed(self._profiles.schema, before, self.now)
                yield self._profiles.filter(passed)[PERSON]
            else:
                remembered = self._events[crossing.dataset]
                passed = crossing.passed(remembered.schema, before, self.now)
                yield remembered.people(passed).drop_nulls()

    def _evaluated(self, people: pl.DataFrame, events: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
        found = matched(
            people.lazy(), lambda name: events[name].lazy(), self._order, self._consents, self.now
        )
        return found.collect()

    def _changes(self, after: pl.DataFrame) -> pl.DataFrame:
        """Who is in an audience and was not, or was and is not."""
        was = after.select(PERSON).join(self.members, on=PERSON, how="left", maintain_order="left")
        pairs = []
        for name in (each.name for each in self._order):
            now, then = after[name], was[name].fill_null(False)
            for status, which in ((ENTERED, now & ~then), (EXITED, then & ~now)):
                pairs.append(
                    after.filter(which).select(pl.lit(name).alias("audience"), PERSON, status=pl.lit(status))
                )
        changes = pl.concat(pairs) if pairs else pl.DataFrame(schema=CHANGES).drop("at")
        return changes.with_columns(at=pl.lit(self.now, CHANGES["at"]))
