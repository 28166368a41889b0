"""The lake's root in, its tables by their names out: the one list of what the round trip stores where."""

from dataclasses import dataclass

from perennial.lake.tables import Table


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
        """Rows that broke a rule, with the raw record and every reason, by the batch that brought them."""
        return Table(self.root, f"quarantine/{dataset}", partition="batch")

    @property
    def batches(self) -> Table:
        """What each batch brought: rows in, accepted, known before, refused."""
        return Table(self.root, "signals/batches", partition="batch")

    def value(self, definition: str) -> Table:
        """Sums and ranks of customers, by the day as of which they were computed."""
        return Table(self.root, f"value/{definition}", partition="as_of")

    @property
    def profiles(self) -> Table:
        """One row a person, by the day as of which it holds."""
        return Table(self.root, "profiles/snapshot", partition="as_of")

    @property
    def identities(self) -> Table:
        """Which identity belongs to which person: (namespace, value, person_id)."""
        return Table(self.root, "profiles/identities")

    @property
    def membership(self) -> Table:
        """Who is in which audience, by the day as of which it was evaluated."""
        return Table(self.root, "audiences/membership", partition="as_of")

    @property
    def email_events(self) -> Table:
        """What recipients did with their e-mails, by the UTC day on which they did it."""
        return Table(self.root, "responses/email_events", partition="event_date")
