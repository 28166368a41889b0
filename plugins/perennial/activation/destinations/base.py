"""What a destination can do, and how fast: small protocols by capability, apart from the code that acts.

All calls raise `TransientError` where trying again may help and `TerminalError` where it cannot. No call
changes anyone's subscription: consent belongs to the recipient and the provider.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from perennial.documents import Document
from perennial.errors import TerminalError

FieldKind = Literal["text", "number", "date"]
SuppressionKind = Literal["unsubscribe", "bounce", "spam_report", "invalid_email", "suppressed", "archived"]


class Window(Document):
    """At most `calls` requests in any `seconds`."""

    calls: int
    seconds: float


class Limits(Document):
    """What a destination allows; a table beside its code."""

    rows: int
    """Rows in one upsert."""
    bytes: int
    """Bytes in one upsert."""
    removals: int
    """Keys in one removal."""
    total: list[Window] = []
    """Of all calls together."""
    windows: list[Window] = []
    """Of those together that `operations` does not name."""
    operations: dict[str, list[Window]] = {}
    """Where operations have limits of their own: `GET /api/lists/{id}`, and its windows."""
    concurrency: int
    """Requests that may be under way at a time."""
    open_jobs: int | None = None
    """Jobs that may be under way at a time."""


@dataclass(frozen=True)
class Row:
    """One person as a destination takes it: the key, and the mapped fields as text (null: no value)."""

    key: str
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Submitted:
    """What a destination said to a request that it took."""

    job: str | None = None
    """The job to wait for, or None where the destination is done already."""
    rejected: Mapping[str, str] = field(default_factory=dict)
    """Where it is done already: the keys that it refused, and why."""


@dataclass(frozen=True)
class Suppression:
    """Someone who must not be mailed, as the destination knows it."""

    key: str
    kind: SuppressionKind


class BatchRefusedError(TerminalError):
    """The destination took none of a batch; `rows` are the positions at fault, where it said which."""

    def __init__(self, message: str, rows: Mapping[int, str] | None = None) -> None:
        super().__init__(message)
        self.rows = dict(rows or {})


class ListGoneError(TerminalError):
    """A list that we made was deleted at the destination."""

    def __init__(self, message: str) -> None:
        super().__init__(
            f"{message}; the list was deleted there: delete its row from activation.list and the audience's"
            " rows from activation.delivery, and the next run builds it anew"
        )


class JobFailedError(TerminalError):
    """The destination could not carry out a job, or does not say which rows it refused."""


class JobUnknownError(TerminalError):
    """The destination does not know this job, or no more; what it did can only be done again."""


class TakesProfiles(Protocol):
    """Creates and updates people by their key."""

    @property
    def limits(self) -> Limits:
        """Sizes of requests, and how many of them in which time."""

    def prepare(self, fields: Mapping[str, FieldKind]) -> None:
        """Make sure that the destination knows these fields; called once before the first upsert of a run."""

    def submit_upserts(self, rows: Sequence[Row], lists: Sequence[str]) -> Submitted:
        """Hand over rows that join the lists.

        Raises `BatchRefusedError` where it took none of them because of some.
        """


class KeepsLists(Protocol):
    """Holds lists that people join and leave."""

    def ensure_list(self, name: str, known: str | None) -> str:
        """The id of the list of this name: the known one (renamed if need be), a found one, or a new one."""

    def submit_removals(self, list_id: str, keys: Sequence[str]) -> Submitted:
        """Take people off a list; who is not on it is no error."""


class RunsJobs(Protocol):
    """Works on accepted requests in its own time."""

    def finished(self, job: str) -> bool:
        """Whether the job has ended, well or not. `JobUnknownError` where the destination forgot it."""

    def conclude(self, job: str, keys: Sequence[str]) -> Mapping[str, str]:
        """Do what remains after a finished job; which of these keys were refused, and why.

        Can be repeated. `JobFailedError` where the job came to nothing.
        """


class WithoutJobs:
    """Is done with a request when it has answered it."""

    def finished(self, job: str) -> bool:
        """There are no jobs."""
        return True

    def conclude(self, job: str, keys: Sequence[str]) -> Mapping[str, str]:
        """There are no jobs."""
        return {}


class TellsSuppressions(Protocol):
    """Knows who opted out, complained, or cannot be reached."""

    def suppressions(self) -> Iterator[Suppression]:
        """All of them, as of now."""


class TellsItsAccount(Protocol):
    """Answers to its credentials."""

    def check(self) -> str:
        """Ask for something small; what to tell a person who tries the connection."""


class Destination(TakesProfiles, KeepsLists, RunsJobs, TellsSuppressions, TellsItsAccount, Protocol):
    """What an activation to lists needs."""
