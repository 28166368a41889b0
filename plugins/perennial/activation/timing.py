"""When an activation sends: after each evaluation or at times of its own, from one day and up to another."""

from datetime import date, timedelta
from typing import Annotated, Literal

from croniter import croniter
from pydantic import AfterValidator, Field, model_validator

from perennial.documents import Document

EVALUATION = "after_evaluation"
OFTEN = {
    "hourly": "0 * * * *",
    "daily": "0 0 * * *",
    "weekly": "0 0 * * 1",
    "monthly": "0 0 1 * *",
}


def _understood(text: str) -> str:
    if text in (EVALUATION, *OFTEN) or (len(text.split()) == 5 and croniter.is_valid(text)):
        return text
    known = ", ".join([EVALUATION, *OFTEN])
    raise ValueError(f"expected {known}, or five fields of cron such as `30 6 * * *` (06:30 UTC)")


Schedule = Annotated[str, AfterValidator(_understood)]


class Approval(Document):
    """When a person is asked before anything is sent."""

    first: bool = True
    """Before the first send of an audience."""
    jump: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,3} ?%$")] | None = "50%"
    """By how much an audience may grow or shrink against what the destination has; null for any much."""
    hours: Annotated[int, Field(ge=1, le=720)] = 24
    """How long to wait for an answer; none counts as a refusal."""

    @property
    def fraction(self) -> float | None:
        """`jump` as a number: 0.5 for 50%."""
        return None if self.jump is None else int(self.jump.rstrip(" %")) / 100


class Timed(Document):
    """The keys of an activation that say when it sends, and what of it."""

    schedule: Schedule = EVALUATION
    """`after_evaluation` of a day's audiences; or `hourly`, `daily`, `weekly`, `monthly` or cron (UTC)."""
    start: date | None = None
    """The first day on which it sends."""
    end: date | None = None
    """The first day on which it does not send any more; what is there then, stays."""
    mode: Literal["incremental", "full"] = "incremental"
    """`incremental` sends what has changed; `full` sends every member each time."""
    approval: Approval | None = None
    """When a person is asked before anything is sent; without it, never."""

    @property
    def cron(self) -> str | None:
        """Its times, or None where it follows the evaluation."""
        return None if self.schedule == EVALUATION else OFTEN.get(self.schedule, self.schedule)

    def pause(self, day: date) -> str:
        """Why nothing is sent on a day, if so."""
        if self.start is not None and day < self.start:
            return f"it begins on {self.start}"
        if self.end is not None and day >= self.end:
            return f"it ended with {self.end - timedelta(days=1)}"
        return ""

    @model_validator(mode="after")
    def _lasts(self) -> "Timed":
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise ValueError(f"end: {self.end} is not after start, {self.start}; end is exclusive")
        return self
