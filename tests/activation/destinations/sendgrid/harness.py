"""The SendGrid connector and the stand-in ESP of the demo, as a process of its own behind real HTTP."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from esp_process import Esp, running_esp
from openapi_check import OpenApi, present

from perennial.activation.destinations.connector import Account
from perennial.activation.destinations.registry import connector
from perennial.activation.destinations.sendgrid.client import SendGridClient
from perennial.activation.destinations.sendgrid.destination import SendGridDestination
from perennial.activation.destinations.wire import Wire

DOCUMENTS = ("tsg_mc_contacts_v3.json", "tsg_mc_lists_v3.json", "tsg_suppressions_v3.json")
WIRE = Wire(sleep=lambda seconds: None)


class SendGridHarness:
    """The SendGrid connector and the stand-in ESP."""

    def __init__(self, esp: Esp) -> None:
        self.esp, self.connector = esp, connector("sendgrid")
        paths = present(*DOCUMENTS)
        self.openapi = OpenApi(paths) if paths else None

    def account(self, secret: str | None = None) -> Account:
        """The stand-in's address, and a key."""
        given = {"host": self.esp.url, "password": secret or self.esp.api_key}
        return self.connector.account("sendgrid_default", given)

    def clear(self) -> None:
        self.esp.call("DELETE", "/sandbox/state")

    def client(self, secret: str | None = None, wire: Wire = WIRE) -> SendGridClient:
        """The connector's lower half."""
        account = self.account(secret)
        return SendGridClient(account.url, account.password, self.connector.limits, wire)

    def destination(self, read_timeout: float = 10.0, secret: str | None = None) -> SendGridDestination:
        client = self.client(secret, replace(WIRE, timeout=(5.0, read_timeout)))
        if self.openapi:
            client._session.hooks["response"].append(self.openapi.check)
        return SendGridDestination(client, self.connector.limits)

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

    def throttled(self) -> int:
        return 0

    def next_day(self) -> None:
        pass

    def fault(self, **how: Any) -> None:
        self.esp.fault("PUT", "/v3/marketing/contacts", **how)

    def unsubscribe(self, key: str) -> None:
        self.esp.call("POST", "/v3/asm/suppressions/global", json={"recipient_emails": [key]})

    def subscribed(self) -> set[str]:
        return set()

    def refused_later(self, name: str) -> str:
        return f"refused-later-{name}@example.com"


@contextmanager
def start(folder: Path) -> Iterator[SendGridHarness]:
    """A stand-in, until the block ends."""
    with running_esp(folder) as esp:
        yield SendGridHarness(esp)
