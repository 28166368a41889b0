"""The Braze connector, and a stand-in with users, their attributes, and who opted out or bounced."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from activation.destinations.harness import InProcess
from activation.destinations.stand_in import SECRET, Answer, StandIn, route

AUDIENCES = "perennial_audiences"


class Braze(StandIn):
    """Users by address; an array attribute is added to and taken from."""

    windows = ((3000, 3),)

    def empty(self) -> None:
        self.users: dict[str, dict[str, Any]] = {}
        self.unsubscribed: list[str] = []
        self.bounced: list[str] = []

    def authorised(self, request: requests.PreparedRequest) -> bool:
        return request.headers.get("Authorization") == f"Bearer {SECRET}"

    def unauthorised(self) -> Answer:
        return Answer(401, {"message": "Invalid API Key"})

    @route("POST", "/users/track", upsert=True)
    def track(self, body: Any, query: dict[str, str]) -> Any:
        users = body["attributes"]
        if len(users) > 75:
            raise Answer(400, {"message": "attributes must be at most 75", "errors": []})
        errors = []
        for number, each in enumerate(users):
            email = each["email"]
            if "@" not in email or email.startswith("refused-later-"):
                problem = f"'{email}' is not a valid email"
                errors.append({"type": problem, "input_array": "attributes", "index": number})
            elif email in self.users or not each["_update_existing_only"]:
                self._write(self.users.setdefault(email, {}), each)
        counted = {"message": "success", "attributes_processed": len(users) - len(errors)}
        return 201, {**counted, **({"errors": errors} if errors else {})}

    def _write(self, user: dict[str, Any], attributes: dict[str, Any]) -> None:
        for name, value in attributes.items():
            if name in ("email", "_update_existing_only"):
                continue
            if isinstance(value, dict):
                kept = [each for each in user.get(name, []) if each not in value.get("remove", [])]
                user[name] = kept + [each for each in value.get("add", []) if each not in kept]
            elif value is None:
                user.pop(name, None)
            else:
                user[name] = value

    @route("GET", "/email/unsubscribes")
    def list_unsubscribed(self, body: Any, query: dict[str, str]) -> Any:
        assert query["sort_direction"] == "asc"
        return self._emails(self.unsubscribed, query)

    @route("GET", "/email/hard_bounces")
    def list_bounced(self, body: Any, query: dict[str, str]) -> Any:
        return self._emails(self.bounced, query)

    def _emails(self, emails: list[str], query: dict[str, str]) -> dict[str, Any]:
        start, size = int(query.get("offset", 0)), int(query["limit"])
        assert query["start_date"] < query["end_date"]
        assert 1 < size <= 500
        return {"emails": [{"email": each} for each in emails[start : start + size]], "message": "success"}


class BrazeHarness(InProcess):
    """The connector and the stand-in."""

    kind = "braze"
    documents = ("braze.yml",)
    given = {"host": "https://rest.fra-01.braze.eu"}
    stand_in: Braze

    def members(self, list_name: str, keys: Iterable[str]) -> dict[str, dict[str, str]]:
        ours = (AUDIENCES, "email_subscribe")
        users = {key: self.stand_in.users.get(key, {}) for key in keys}
        return {
            key: {name: str(value) for name, value in user.items() if name not in ours}
            for key, user in users.items()
            if list_name in user.get(AUDIENCES, [])
        }

    def list_names(self) -> set[str]:
        return {name for user in self.stand_in.users.values() for name in user.get(AUDIENCES, [])}

    def unsubscribe(self, key: str) -> None:
        self.stand_in.users.setdefault(key, {})["email_subscribe"] = "unsubscribed"
        self.stand_in.unsubscribed.append(key)

    def subscribed(self) -> set[str]:
        return {
            key
            for key, each in self.stand_in.users.items()
            if each.get("email_subscribe", "unsubscribed") != "unsubscribed"
        }

    def refused_later(self, name: str) -> str:
        return f"refused-later-{name}@example.com"


@contextmanager
def start(folder: Path) -> Iterator[BrazeHarness]:
    """A stand-in, until the block ends."""
    yield BrazeHarness(Braze())
