"""The lake's root in, its tables by their names out: the one list of what the round trip stores where."""

from dataclasses import dataclass

from perennial.errors import TerminalError
from perennial.lake.audiences import EVALUATIONS, LISTS, LIVE_EVALUATIONS, STANDINGS, UPLOADS
from perennial.lake.bots import BOT_DECISIONS, BOT_MARKS, BOT_MODELS, BOT_TRAFFIC, BOTS_FOUND, VISITOR_DAYS
from perennial.lake.browsing import LEFT_BEHIND
from perennial.lake.days import ARRIVALS, SEEN, STEPS
from perennial.lake.identity import EVENTS, LINKS, MAPPING
from perennial.lake.lifetime import LIFETIME_ACTUALS, LIFETIME_MODELS
from perennial.lake.matching import MATCHING_RUNS
from perennial.lake.profiles import ATTRIBUTES
from perennial.lake.responses import EMAIL_EVENTS
from perennial.lake.rfm import RFM_SCORES
from perennial.lake.signals import BATCHES, CORRECTIONS, EXPECTATIONS, QUARANTINE, RESOLUTIONS
from perennial.lake.tables import Table
from perennial.lake.value import LATE_DAYS, VALUE_DAYS


@dataclass(frozen=True)
class Lake:
    """All tables of one deployment, under one root."""

    root: str

    def events(self, dataset: str) -> Table:
        """What happened, by the UTC day on which it happened."""
        return Table(self.root, f"events/{dataset}", partition="event_date")

    def records(self, dataset: str) -> Table:
        """What is known of things and people: the newest row of each key."""
        return Table(self.root, f"records/{dataset}")

    def quarantine(self, dataset: str) -> Table:
        """Rows that broke a rule, with the raw record and every reason, by the day on which they came."""
        return Table(self.root, f"quarantine/{dataset}", partition="quarantined_on", schema=QUARANTINE)

    @property
    def corrections(self) -> Table:
        """What people made of quarantined rows, before these are replayed."""
        return Table(self.root, "signals/corrections", schema=CORRECTIONS)

    @property
    def resolutions(self) -> Table:
        """Quarantined rows that are done with."""
        return Table(self.root, "signals/resolutions", schema=RESOLUTIONS)

    @property
    def batches(self) -> Table:
        """The life of every batch; `perennial.signals.batches` reads and writes it."""
        return Table(self.root, "signals/batches", schema=BATCHES)

    @property
    def expectations(self) -> Table:
        """What was expected of batches and days, and what was found."""
        return Table(self.root, "signals/expectations", schema=EXPECTATIONS)

    def ledger(self, definition: str) -> Table:
        """Partial sums of each customer and day, by month and customer bucket: value is computed from it."""
        return Table(self.root, f"ledger/{definition}", partition="part")

    def value(self, definition: str) -> Table:
        """Sums and ranks of customers; `perennial.value.history` reads and writes it."""
        return Table(self.root, f"value/{definition}", partition="chunk")

    @property
    def value_days(self) -> Table:
        """For which days value was computed, and where its rows are."""
        return Table(self.root, "value_history/days", schema=VALUE_DAYS)

    @property
    def value_late(self) -> Table:
        """Which days each change of a ledger touched: what was computed before, of later days, is stale."""
        return Table(self.root, "value_history/late", schema=LATE_DAYS)

    def value_by_decile(self, definition: str) -> Table:
        """How many customers, and how much, each decile has, by the day as of which it holds."""
        return Table(self.root, f"value_by_decile/{definition}", partition="as_of")

    def value_movement(self, definition: str) -> Table:
        """How many customers moved from one decile to another since the start of the month."""
        return Table(self.root, f"value_movement/{definition}", partition="as_of")

    def rfm(self, definition: str) -> Table:
        """Recency, frequency, monetary value and segment of customers, by the day as of which they hold."""
        return Table(self.root, f"rfm/{definition}", partition="as_of", schema=RFM_SCORES, evolves=True)

    def lifetime(self, definition: str) -> Table:
        """What customers are expected to be worth, by the day as of which it was predicted."""
        return Table(self.root, f"lifetime/{definition}", partition="as_of", evolves=True)

    @property
    def lifetime_models(self) -> Table:
        """Fits of lifetime value; `perennial.value.lifetime.registry` reads and writes it."""
        return Table(self.root, "models/lifetime", schema=LIFETIME_MODELS)

    def lifetime_actuals(self, definition: str) -> Table:
        """What came of earlier predictions, by the day as of which they are compared."""
        return Table(self.root, f"lifetime_actuals/{definition}", partition="as_of", schema=LIFETIME_ACTUALS)

    @property
    def profiles(self) -> Table:
        """One row a person, by the day as of which it holds, as the default merge policy has it."""
        return self.profiles_by("snapshot")

    def profiles_by(self, policy: str) -> Table:
        """The same as another merge policy has it."""
        return Table(self.root, f"profiles/{policy}", partition="as_of", evolves=True)

    @property
    def attributes(self) -> Table:
        """Which attributes profiles were built with, by the day as of which they hold."""
        return Table(self.root, "attributes/days", partition="as_of", schema=ATTRIBUTES)

    @property
    def live_profiles(self) -> Table:
        """The profiles of people who changed after the daily ones, by the day of these."""
        return Table(self.root, "live/profiles", partition="as_of", evolves=True)

    @property
    def links(self) -> Table:
        """Which identities occur together in rows of which dataset."""
        return Table(self.root, "identity/links", partition="dataset", schema=LINKS)

    @property
    def identities(self) -> Table:
        """Whose an identity is since when; `perennial.identity.resolve` says who is who now."""
        return Table(self.root, "identity/mapping", schema=MAPPING)

    @property
    def identity_events(self) -> Table:
        """What happened to people: identities joined, people were merged or split, links were refused."""
        return Table(self.root, "identity/events", schema=EVENTS)

    def visitor_days(self, definition: str) -> Table:
        """What visitors did within minutes, by the UTC day on which they did it."""
        return Table(self.root, f"visitor_days/{definition}", partition="event_date", schema=VISITOR_DAYS)

    def bots_found(self, definition: str) -> Table:
        """Visitors that were found to be bots, and why, by the day as of which it holds."""
        return Table(self.root, f"bots_found/{definition}", partition="as_of", schema=BOTS_FOUND)

    @property
    def bot_traffic(self) -> Table:
        """How many visitors and events were people's and bots', by the day as of which it holds."""
        return Table(self.root, "bots/traffic", partition="as_of", schema=BOT_TRAFFIC)

    @property
    def bot_models(self) -> Table:
        """What was learned about bots, and how well it did."""
        return Table(self.root, "bots/models", schema=BOT_MODELS)

    @property
    def bot_marks(self) -> Table:
        """Whose rows are left out now; `perennial.stages.bots` writes it."""
        return Table(self.root, "bots/marks", schema=BOT_MARKS)

    @property
    def bot_decisions(self) -> Table:
        """What people decided of visitors."""
        return Table(self.root, "bots/decisions", schema=BOT_DECISIONS)

    def left_behind(self, definition: str) -> Table:
        """The product that each person looked at and left, by the day as of which it holds."""
        return Table(
            self.root, f"left_behind/{definition}", partition="as_of", schema=LEFT_BEHIND, evolves=True
        )

    @property
    def membership(self) -> Table:
        """Who is in which audience, by the day as of which it was evaluated."""
        return Table(self.root, "audiences/membership", partition="as_of")

    @property
    def evaluations(self) -> Table:
        """From what the members of each day were found, by the day as of which they hold."""
        return Table(self.root, "audiences/evaluations", partition="as_of", schema=EVALUATIONS, evolves=True)

    @property
    def live_membership(self) -> Table:
        """In which audiences people are, as events come."""
        return Table(self.root, "live/membership", schema=STANDINGS)

    @property
    def live_evaluations(self) -> Table:
        """How large audiences were at each moment at which they were evaluated as events came."""
        return Table(self.root, "live/evaluations", schema=LIVE_EVALUATIONS)

    @property
    def lists(self) -> Table:
        """Who is on which uploaded list; `perennial.stages.lists` reads and writes it."""
        return Table(self.root, "audiences/lists", partition="audience", schema=LISTS)

    @property
    def uploads(self) -> Table:
        """What was uploaded to lists, when and by whom."""
        return Table(self.root, "audiences/uploads", schema=UPLOADS)

    def matches(self, name: str) -> Table:
        """Pairs of rows of two tables, by the document of the match; the newest run's."""
        return Table(self.root, f"matches/{name}", evolves=True)

    @property
    def matching_runs(self) -> Table:
        """What each match came to, run by run."""
        return Table(self.root, "matching/runs", schema=MATCHING_RUNS)

    @property
    def email_events(self) -> Table:
        """What recipients did with their e-mails, by the UTC day on which they did it."""
        return Table(
            self.root, "responses/email_events", partition="event_date", schema=EMAIL_EVENTS, evolves=True
        )

    @property
    def arrivals(self) -> Table:
        """How many events of a day came, or went, when; `perennial.stages.lateness` reads and writes it."""
        return Table(self.root, "days/arrivals", schema=ARRIVALS)

    @property
    def days_seen(self) -> Table:
        """From which snapshots of the events each day was computed."""
        return Table(self.root, "days/seen", schema=SEEN)

    @property
    def recomputed(self) -> Table:
        """What recomputations of past days are to do, and have done."""
        return Table(self.root, "days/recomputed", schema=STEPS)

    def named(self, name: str) -> Table:
        """A table by its name in the lake, such as `events/transactions`."""
        area, _, rest = name.partition("/")
        by_area = {
            "events": self.events,
            "records": self.records,
            "value": self.value,
            "value_by_decile": self.value_by_decile,
            "value_movement": self.value_movement,
            "ledger": self.ledger,
            "rfm": self.rfm,
            "lifetime": self.lifetime,
            "lifetime_actuals": self.lifetime_actuals,
            "quarantine": self.quarantine,
            "profiles": self.profiles_by,
            "visitor_days": self.visitor_days,
            "bots_found": self.bots_found,
            "left_behind": self.left_behind,
            "matches": self.matches,
        }
        if area in by_area:
            return by_area[area](rest)
        single = [
            self.links,
            self.identities,
            self.identity_events,
            self.bot_traffic,
            self.bot_models,
            self.bot_marks,
            self.bot_decisions,
            self.membership,
            self.evaluations,
            self.lists,
            self.uploads,
            self.attributes,
            self.live_profiles,
            self.live_membership,
            self.live_evaluations,
            self.email_events,
            self.lifetime_models,
            self.value_days,
            self.value_late,
            self.matching_runs,
            self.batches,
            self.corrections,
            self.resolutions,
            self.arrivals,
            self.days_seen,
            self.recomputed,
            self.expectations,
        ]
        found = next((table for table in single if table.name == name), None)
        if found is None:
            raise TerminalError(
                f"the lake has no table {name}; areas: {', '.join(by_area)}; tables: "
                f"{', '.join(table.name for table in single)}"
            )
        return found
