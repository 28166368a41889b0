"""Runs of an activation to files in a folder."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from perennial.activation.definition import Activation
from perennial.activation.destinations.files.places import Folder, Place
from perennial.activation.destinations.files.run import FilesReport, Receiver, run
from perennial.activation.ledger import migrate, open_ledger

TITLES = {"best": "Best & brightest", "lapsing": "Lapsing"}
People = Mapping[str, Mapping[str, Any]]
"""Person -> {"in": audiences, "email": ..., "decile": ..., "spend": ...}."""


def day(number: int) -> datetime:
    """Midnight at the start of a day in December 2017."""
    return datetime(2017, 12, number, tzinfo=UTC)


def frames(people: People) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """Members and profiles."""
    members = [(audience, person) for person, each in people.items() for audience in each["in"]]
    profiles = [
        {
            "person_id": person,
            "email": each.get("email", f"{person}@example.com"),
            "spend_decile": each.get("decile"),
            "spend": Decimal(each["spend"]) if "spend" in each else None,
            "born": each.get("born"),
            "department.decile": [{"key": "DELI", "value": each["deli"]}] if "deli" in each else None,
        }
        for person, each in people.items()
    ]
    schema: dict[str, Any] = {
        "person_id": pl.String,
        "email": pl.String,
        "spend_decile": pl.Int8,
        "spend": pl.Decimal(18, 2),
        "born": pl.Date,
        "department.decile": pl.List(pl.Struct({"key": pl.String, "value": pl.Int8})),
    }
    return (
        pl.LazyFrame(members, schema={"audience": pl.String, "person_id": pl.String}, orient="row"),
        pl.LazyFrame(profiles, schema=schema),
    )


class Exports:
    """A store, a folder, and what is written there."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder

    def document(self, **keys: Any) -> Activation:
        """An activation to files in the folder; `files` are further keys of that part."""
        files = {"path": str(self.folder), **keys.pop("files", {})}
        mapping = keys.pop("mapping", ["spend_decile"])
        there = {"kind": "files", "connection": keys.pop("connection", "")}
        content = {"name": "mail", "title": "Mail", "destination": there, "audiences": ["best"], **keys}
        return Activation.model_validate({**content, "mapping": mapping, "files": files})

    def write(
        self,
        people: People,
        number: int = 20,
        document: Activation | None = None,
        place: Place | None = None,
        qualified: Callable[[Sequence[str]], pl.DataFrame] = lambda people: pl.DataFrame(),
        **how: Any,
    ) -> FilesReport:
        """One run as of a day."""
        migrate(self.url)
        members, profiles = frames(people)
        receiver = Receiver(place or Folder(str(self.folder)), self.folder.parent)
        with open_ledger(self.url, "files", "mail") as ledger:
            return run(
                document or self.document(),
                day(number), members, profiles, TITLES, ledger, receiver, qualified, **how,
            )  # fmt: skip

    def read(self, number: int = 20, audience: str = "best", part: str = "") -> list[str]:
        """The lines of a file."""
        path = self.folder / f"mail_{audience}_201712{number}{part}.csv"
        return path.read_text().splitlines()

    @property
    def names(self) -> list[str]:
        """What lies in the folder."""
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture
def exports(ledger_url: str, tmp_path: Path) -> Exports:
    return Exports(ledger_url, tmp_path / "exports")


def born(year: int) -> date:
    """The first day of a year."""
    return date(year, 1, 1)
