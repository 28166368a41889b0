"""What the contract suite needs from a provider: a destination to test, and a look behind its counter."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from esp_process import Esp, running_esp
from openapi_check import SPECS, OpenApi

from perennial.activation.destinations.base import Destination
from perennial.activation.destinations.sendgrid.client import SendGridClient
from perennial.activation.destinations.sendgrid.destination import SendGridDestination

DOCUMENTS = ("tsg_mc_contacts_v3.json", "tsg_mc_lists_v3.json", "tsg_suppressions_v3.json")


class Harness(Protocol):
    """One provider, behind real HTTP."""

    def clear(self) -> None:
        """Forget everything."""

    def destination(self, read_timeout: float = 10.0) -> Destination:
        """A fresh connection; waits are shortened to nothing."""

    def members(self, list_name: str, keys: Iterable[str]) -> dict[str, dict[str, str]]:
        """Which of these keys are on a list, with their custom fields by name."""

    def list_names(self) -> set[str]:
        """All lists."""

    def upsert_requests(self) -> int:
        """Requests so far that carried people."""

    def fault(self, **how: Any) -> None:
        """Let the next upserts fail."""

    def unsubscribe(self, key: str) -> None:
        """The recipient opts out."""

    def refused_later(self, name: str) -> str:
        """A key that the provider accepts first, and refuses in its job."""


class SendGridHarness:
    """The SendGrid connector and the stand-in ESP."""

    def __init__(self, esp: Esp) -> None:
        self.esp = esp
        paths = [SPECS / name for name in DOCUMENTS]
        self.openapi = OpenApi(paths) if all(path.exists() for path in paths) else None

    @classmethod
    @contextmanager
    def start(cls, folder: Path) -> Iterator["SendGridHarness"]:
        """A stand-in, until the block ends."""
        with running_esp(folder) as esp:
            yield cls(esp)

    def clear(self) -> None:
        self.esp.call("DELETE", "/sandbox/state")

    def destination(self, read_timeout: float = 10.0) -> SendGridDestination:
        client = SendGridClient(
            self.esp.url, self.esp.api_key, timeout=(5.0, read_timeout), sleep=lambda seconds: None
        )
        if self.openapi:
            client._session.hooks["response"].append(self.openapi.check)
        return SendGridDestination(client)

    def members(self, list_name: str, keys: Iterable[str]) -> dict[str, dict[str, str]]:
        ids = {each["name"]: each["id"] for each in self._lists()}
        names = {
            f["id"]: f["name"]
            for f in self.esp.call("GET", "/v3/marketing/field_definitions")["custom_fields"]
        }
        found = {}
        for key in keys:
            try:
                answer = self.esp.call("POST", "/v3/marketing/contacts/search/emails", json={"emails": [key]})
            except Exception as error:
                if getattr(getattr(error, "response", None), "status_code", 0) in (400, 404):
                    continue
                raise
            contact = answer["result"][key]["contact"]
            if ids.get(list_name) in contact["list_ids"]:
                found[key] = {names[i]: str(value) for i, value in contact["custom_fields"].items()}
        return found

    def _lists(self) -> list[dict[str, Any]]:
        lists: list[dict[str, Any]] = self.esp.call("GET", "/v3/marketing/lists")["result"]
        return lists

    def list_names(self) -> set[str]:
        return {each["name"] for each in self._lists()}

    def upsert_requests(self) -> int:
        return self.esp.requests().get("PUT /v3/marketing/contacts", 0)

    def fault(self, **how: Any) -> None:
        self.esp.fault("PUT", "/v3/marketing/contacts", **how)

    def unsubscribe(self, key: str) -> None:
        self.esp.call("POST", "/v3/asm/suppressions/global", json={"recipient_emails": [key]})

    def refused_later(self, name: str) -> str:
        return f"refused-later-{name}@example.com"
