"""Reports as documents: YAML in `include/reports/` in; which dashboard is sent to whom, and when, out."""

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from perennial.documents import Document, DocumentError, TimeZone, load, load_each
from perennial.errors import TerminalError
from perennial.web.periods import Period

Address = Annotated[
    str, Field(pattern=r"^[^@\s<>,;\"]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}$|^[^@\s<>,;\"]+@localhost$")
]
Cron = Annotated[str, Field(pattern=r"^\S+( \S+){4}$|^@(hourly|daily|weekly|monthly|quarterly|yearly)$")]


class RecipientRefused(TerminalError):
    """Somebody is outside of the domains to which reports may go."""


class When(Document):
    """What a number must be for a report to be sent."""

    widget: str
    """A widget of the dashboard whose mark is `number`."""
    above: float | None = None
    """Sent if it is greater than this."""
    below: float | None = None
    """Or less than this."""

    @model_validator(mode="after")
    def _bounded(self) -> "When":
        if self.above is None and self.below is None:
            raise ValueError("say `above` or `below`, or both")
        return self

    def met(self, value: float | None) -> bool:
        """Whether it lies above the one or below the other; no number does."""
        if value is None:
            return False
        over = self.above is not None and value > self.above
        return over or (self.below is not None and value < self.below)

    def __str__(self) -> str:
        bounds = [f"{word} {bound:g}" for word, bound in (("above", self.above), ("below", self.below))
                  if bound is not None]  # fmt: skip
        return " or ".join(bounds)


class Report(Document):
    """A dashboard that is sent by e-mail."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
    title: Annotated[str, Field(min_length=1, max_length=200)]
    """The subject; the day is added."""
    description: str = ""
    """Said in the e-mail, above the picture."""
    dashboard: str
    """The name of a dashboard of `include/dashboards`, or of one that was made in the UI."""
    schedule: Cron
    """When, as cron says it: `0 7 * * 1` is every Monday at seven."""
    timezone: TimeZone = "UTC"
    """By which clock."""
    recipients: Annotated[tuple[Address, ...], Field(min_length=1)]
    """Addresses, which all of them see."""
    filters: dict[str, str | tuple[str, ...]] = {}
    """Values of the dashboard's filters; its defaults for the others. A list where several can be chosen."""
    period: Period | None = None
    """What is looked back over: days, `last_month`, a first day; the dashboard's own by default."""
    when: When | None = None
    """Makes an alert of it: sent only when a number is so; always by default."""
    connection: str = "smtp_default"
    """The Airflow connection, of type SMTP, over which it is sent."""

    @property
    def dag(self) -> str:
        """The Dag that sends it."""
        return f"report_{self.name}"


def load_reports(include: Path) -> dict[str, Report | DocumentError]:
    """Every report by name; one that cannot be read does not keep the others from being sent."""
    return load_each((include / "reports").glob("*.yaml"), lambda path: load(path, Report))


def refuse_strangers(recipients: Iterable[str], domains: Collection[str]) -> None:
    """Raise `RecipientRefused` where somebody is outside of the domains; without any, all are inside."""
    strange = sorted({address.rpartition("@")[2].lower() for address in recipients} - set(domains))
    if domains and strange:
        allowed = ", ".join(sorted(domains))
        raise RecipientRefused(
            f"reports may not go to {', '.join(strange)}; PERENNIAL_REPORT_DOMAINS allows {allowed}"
        )
