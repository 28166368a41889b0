"""What the contract suite needs from a provider: a destination to test, and a look behind its counter."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from activation.destinations.stand_in import SECRET, Clock, StandIn
from openapi_check import OpenApi, present

from perennial.activation.destinations.base import Destination
from perennial.activation.destinations.connector import Connector
from perennial.activation.destinations.registry import connector
from perennial.activation.destinations.wire import Wire


class Harness(Protocol):
    """One provider, and our connector to it."""

    connector: Connector

    def clear(self) -> None:
        """Forget everything."""

    def destination(self, read_timeout: float = 10.0, secret: str | None = None) -> Destination:
        """A fresh connection, with the right secret or another one; waits are shortened to nothing."""

    def members(self, list_name: str, keys: Iterable[str]) -> dict[str, dict[str, str]]:
        """Which of these keys are on a list, with their custom fields by name."""

    def list_names(self) -> set[str]:
        """All lists."""

    def upsert_requests(self) -> int:
        """Requests so far that carried people."""

    def throttled(self) -> int:
        """Requests so far that were more than the documented limits allow."""

    def next_day(self) -> None:
        """Time passes for the provider, where it is not that of the tests."""

    def fault(self, **how: Any) -> None:
        """Let the next upserts fail."""

    def unsubscribe(self, key: str) -> None:
        """The recipient opts out."""

    def subscribed(self) -> set[str]:
        """Who is marked as having agreed to be mailed, where the provider keeps such a mark."""

    def refused_later(self, name: str) -> str:
        """A key that the provider accepts first, and refuses when it works on it."""


class InProcess:
    """The harness of a connector whose stand-in runs in this process; the rest of it is the stand-in's."""

    kind: str
    documents: tuple[str, ...] = ()
    """The provider's OpenAPI documents: all exchanges are checked against them, where they are present."""
    undocumented: tuple[str, ...] = ()
    given: dict[str, str] = {}
    """The connection's fields beside the secret."""

    def __init__(self, stand_in: StandIn) -> None:
        self.connector = connector(self.kind)
        self.stand_in, self.clock = stand_in, Clock()
        stand_in.clock = self.clock
        paths = present(*self.documents)
        self.openapi = OpenApi(paths, strict=True, undocumented=self.undocumented) if paths else None
        if self.openapi:
            stand_in.checks = self.openapi.check

    def clear(self) -> None:
        """Forget everything."""
        self.stand_in.clear()

    def destination(self, read_timeout: float = 10.0, secret: str | None = None) -> Any:
        """A fresh connection to the stand-in."""
        account = self.connector.account(f"{self.kind}_default", {**self.given, "password": secret or SECRET})
        wire = Wire(sleep=self.clock.sleep, clock=self.clock, adapter=self.stand_in)
        return self.connector.connect(account, wire)

    def upsert_requests(self) -> int:
        """Requests so far that carried people."""
        return self.stand_in.upserts

    def throttled(self) -> int:
        """Requests so far that were more than the documented limits allow."""
        return self.stand_in.throttled

    def next_day(self) -> None:
        """Time passes for the provider."""
        self.clock.sleep(86400)

    def fault(self, **how: Any) -> None:
        """Let the next upserts fail."""
        self.stand_in.fault(**how)


class WithLists(InProcess):
    """The harness of a connector whose stand-in keeps `lists`, each with its name and its members."""

    def inside(self, list_name: str) -> set[str]:
        """Who is on a list, by the provider's own names of people."""
        lists = self.stand_in.lists.values()  # type: ignore[attr-defined]
        return {member for each in lists if each["name"] == list_name for member in each["members"]}

    def list_names(self) -> set[str]:
        """All lists."""
        return {each["name"] for each in self.stand_in.lists.values()}  # type: ignore[attr-defined]


def start(kind: str, folder: Path) -> AbstractContextManager[Harness]:
    """The harness of a kind of destination: `<kind>/harness.py` has a function `start`."""
    started: AbstractContextManager[Harness] = import_module(f"activation.destinations.{kind}.harness").start(
        folder
    )
    return started
