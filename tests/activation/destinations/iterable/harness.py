"""The Iterable connector, and a stand-in with users, lists and subscriptions as fields of users."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from activation.destinations.harness import WithLists
from activation.destinations.stand_in import SECRET, Answer, StandIn, Windows, route

CHANNEL = 42
HUNDRED: Windows = ((100, 1),)


class Project(StandIn):
    """What is known of users is never lost by leaving a list."""

    def empty(self) -> None:
        self.users: dict[str, dict[str, Any]] = {}
        self.lists: dict[int, dict[str, Any]] = {}
        self.forgotten: set[str] = set()

    def authorised(self, request: requests.PreparedRequest) -> bool:
        return request.headers.get("Api-Key") == SECRET

    def unauthorised(self) -> Answer:
        return Answer(401, {"msg": "Invalid API key", "code": "BadApiKey", "params": None})

    def add_list(self, name: str, kind: str = "Standard", **more: Any) -> int:
        """A list that somebody made."""
        number = 100 + len(self.lists)
        self.lists[number] = {"name": name, "listType": kind, "members": set(), **more}
        return number

    @route("POST", "/api/users/bulkUpdate", upsert=True, windows=((5, 1),))
    def update(self, body: Any, query: dict[str, str]) -> Any:
        failed: dict[str, list[str]] = {}
        for each in body["users"]:
            email = each["email"]
            if email in self.forgotten:
                failed.setdefault("forgottenEmails", []).append(email)
            elif "@" not in email:
                failed.setdefault("invalidEmails", []).append(email)
            elif email.startswith("refused-later-"):
                failed.setdefault("invalidDataEmails", []).append(email)
            else:
                there = self.users.setdefault(email, {})
                there |= each["dataFields"]
        return self._counts(len(body["users"]), failed)

    @route("POST", "/api/lists/subscribe")
    def join(self, body: Any, query: dict[str, str]) -> Any:
        emails = {each["email"] for each in body["subscribers"]}
        self._list(body["listId"])["members"] |= emails
        return self._counts(len(emails), {})

    @route("POST", "/api/lists/unsubscribe")
    def leave(self, body: Any, query: dict[str, str]) -> Any:
        emails = {each["email"] for each in body["subscribers"]}
        self._list(body["listId"])["members"] -= emails
        for email in emails if body.get("channelUnsubscribe") else ():
            self.users[email]["unsubscribedChannelIds"] = [CHANNEL]
        return self._counts(len(emails), {})

    @route("GET", "/api/lists", windows=HUNDRED)
    def list_lists(self, body: Any, query: dict[str, str]) -> Any:
        told = [{"id": number, "createdAt": 0, **each} for number, each in self.lists.items()]
        return {"lists": [{key: value for key, value in each.items() if key != "members"} for each in told]}

    @route("POST", "/api/lists")
    def create_list(self, body: Any, query: dict[str, str]) -> Any:
        return {"listId": self.add_list(body["name"])}

    @route("GET", "/api/lists/getUsers", windows=((5, 60),))
    def list_users(self, body: Any, query: dict[str, str]) -> Any:
        return "".join(f"{each}\n" for each in sorted(self._list(int(query["listId"]))["members"])).encode()

    @route("GET", "/api/channels", windows=HUNDRED)
    def channels(self, body: Any, query: dict[str, str]) -> Any:
        channel = {"id": CHANNEL, "name": "News", "channelType": "Marketing", "messageMedium": "Email"}
        return {"channels": [channel]}

    @route("GET", "/api/export/data.json", windows=((4, 60),))
    def export(self, body: Any, query: dict[str, str]) -> Any:
        assert (query["dataTypeName"], query["range"]) == ("user", "All")
        chosen = query["onlyFields"].split(",")
        users = [{"email": key, **each} for key, each in self.users.items()]
        lines = [{name: user[name] for name in chosen if name in user} for user in users]
        return "".join(f"{json.dumps(line)}\n" for line in lines).encode()

    def _counts(self, asked: int, failed: dict[str, list[str]]) -> dict[str, Any]:
        count = sum(map(len, failed.values()))
        return {"successCount": asked - count, "failCount": count, "failedUpdates": failed}

    def _list(self, number: int) -> dict[str, Any]:
        if number not in self.lists:
            raise Answer(400, {"msg": f"List not found: {number}", "code": "BadParams", "params": None})
        return self.lists[number]


class IterableHarness(WithLists):
    """The connector and the stand-in."""

    kind = "iterable"
    documents = ("iterable.json",)
    given = {"channel_id": str(CHANNEL)}
    stand_in: Project

    def members(self, list_name: str, keys: Iterable[str]) -> dict[str, dict[str, str]]:
        inside = self.inside(list_name)
        return {
            key: {name: str(value) for name, value in self.stand_in.users[key].items() if value is not None}
            for key in keys
            if key in inside
        }

    def unsubscribe(self, key: str) -> None:
        self.stand_in.users.setdefault(key, {})["unsubscribedChannelIds"] = [7, CHANNEL]

    def subscribed(self) -> set[str]:
        return {key for key, each in self.stand_in.users.items() if each.get("subscribedMessageTypeIds")}

    def refused_later(self, name: str) -> str:
        return f"refused-later-{name}@example.com"


@contextmanager
def start(folder: Path) -> Iterator[IterableHarness]:
    """A stand-in, until the block ends."""
    yield IterableHarness(Project())
