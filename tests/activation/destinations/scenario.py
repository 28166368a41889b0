"""An activation of two audiences in short form, for the suite and for the process that it kills."""

from datetime import UTC, datetime
from typing import Any

import polars as pl

from perennial.activation.definition import Activation
from perennial.activation.destinations.base import Destination
from perennial.activation.ledger import Ledger, migrate, open_ledger
from perennial.activation.run import Report, run
from perennial.activation.send import Sender

ACTIVATION = Activation.model_validate(
    {
        "name": "email",
        "title": "E-mail",
        "destination": {"kind": "sendgrid", "connection": "sendgrid_default"},
        "audiences": ["best", "lapsing"],
        "mapping": {"spend_decile": {"attribute": "spend_12m_decile", "default": 0}, "age": "age"},
    }
)
TITLES = {"best": "Best", "lapsing": "Lapsing"}
BEST, LAPSING = "Perennial: Best", "Perennial: Lapsing"

People = dict[str, dict[str, Any]]
"""Key (or a person without one, `-name`) -> {"in": audiences, "decile": ..., "age": ...}."""


def day(number: int) -> datetime:
    """Midnight at the start of a day in December 2017."""
    return datetime(2017, 12, number, tzinfo=UTC)


def frames(people: People) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """Members and profiles."""
    members = [(audience, key) for key, person in people.items() for audience in person["in"]]
    profiles = [
        (key, None if key.startswith("-") else key, person.get("decile"), person.get("age"))
        for key, person in people.items()
    ]
    return (
        pl.LazyFrame(members, schema={"audience": pl.String, "person_id": pl.String}, orient="row"),
        pl.LazyFrame(
            profiles,
            schema={
                "person_id": pl.String,
                "email": pl.String,
                "spend_12m_decile": pl.Int8,
                "age": pl.String,
            },
            orient="row",
        ),
    )


def execute(sender: Sender, people: People, as_of: datetime, **how: Any) -> Report:
    """One run on an open ledger."""
    members, profiles = frames(people)
    how = {"activation": ACTIVATION, "titles": TITLES, **how}
    return run(as_of=as_of, members=members, profiles=profiles, sender=sender, **how)


def activate(
    url: str, destination: Destination, people: People, number: int = 20, patience: float = 60.0, **how: Any
) -> Report:
    """One run as of a day, from nothing."""
    migrate(url)
    with open_ledger(url, "sendgrid_default", "email") as ledger:
        return execute(Sender(ledger, destination, patience), people, day(number), **how)


def delivered(url: str) -> pl.DataFrame:
    """The ledger's rows, sorted."""
    with open_ledger(url, "sendgrid_default", "email") as ledger:
        return _rows(ledger)


def _rows(ledger: Ledger) -> pl.DataFrame:
    return ledger.rows().sort("audience", "key")
