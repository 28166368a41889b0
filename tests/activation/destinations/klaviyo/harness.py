"""The Klaviyo connector, and a stand-in with profiles, lists, import jobs and suppressions."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from activation.destinations.harness import WithLists
from activation.destinations.stand_in import SECRET, Answer, StandIn, Windows, route

URL = "https://a.klaviyo.com"
JOBS = "/api/profile-bulk-import-jobs"
S: Windows = ((10, 1), (150, 60))
L: Windows = ((75, 1), (750, 60))
WHEN = "2017-12-26T00:00:00+00:00"


def problem(
    status: int, detail: str, pointer: str = "/data", headers: dict[str, str] | None = None
) -> Answer:
    """A refusal, as JSON:API words it."""
    error = {
        "id": "e1",
        "code": "invalid",
        "title": "Invalid input.",
        "detail": detail,
        "source": {"pointer": pointer},
    }
    return Answer(status, {"errors": [error]}, headers)


def links(path: str) -> dict[str, Any]:
    """A resource's own address."""
    return {"links": {"self": f"{URL}{path}"}}


class Klaviyo(StandIn):
    """An import job is carried out at the second poll; joining a list changes nobody's consent."""

    def empty(self) -> None:
        self.profiles: dict[str, dict[str, Any]] = {}
        self.lists: dict[str, dict[str, Any]] = {}
        self.jobs: dict[str, dict[str, Any]] = {}

    def authorised(self, request: requests.PreparedRequest) -> bool:
        assert request.headers["revision"] == "2026-07-15"
        if request.body:
            assert request.headers["Content-Type"] == "application/vnd.api+json"
        return request.headers.get("Authorization") == f"Klaviyo-API-Key {SECRET}"

    def unauthorised(self) -> Answer:
        return problem(401, "Incorrect authentication credentials.")

    def failed(self, status: int, headers: dict[str, str]) -> Answer:
        return problem(status, "Request was throttled.", headers=headers)

    def profile(self, email: str) -> dict[str, Any]:
        """Somebody's profile, there from now on."""
        new: dict[str, Any] = {
            "id": f"P{len(self.profiles)}",
            "email": email,
            "properties": {},
            "reason": None,
            "consent": None,
        }
        return self.profiles.setdefault(email, new)

    @route("POST", JOBS, upsert=True, windows=S)
    def start_job(self, body: Any, query: dict[str, str]) -> Any:
        data = body["data"]
        profiles = data["attributes"]["profiles"]["data"]
        lists = [each["id"] for each in data.get("relationships", {}).get("lists", {}).get("data", [])]
        if len(profiles) > 10_000:
            raise problem(400, "Too many profiles", "/data/attributes/profiles/data")
        for number, profile in enumerate(profiles):
            if not re.fullmatch(r"\S+@\S+", profile["attributes"]["email"]):
                where = f"/data/attributes/profiles/data/{number}/attributes/email"
                raise problem(400, "Invalid email address", where)
        for each in lists:
            self._list(each)
        name = f"job{len(self.jobs) + 1}"
        self.jobs[name] = {"profiles": profiles, "lists": lists, "status": "queued", "polls": 0, "failed": []}
        return 202, self._told(name)

    @route("GET", f"{JOBS}/{{job}}", windows=S)
    def job(self, body: Any, query: dict[str, str], job: str) -> Any:
        if job not in self.jobs:
            raise problem(404, "A profile bulk import job with this id does not exist.")
        there = self.jobs[job]
        there["polls"] += 1
        if there["polls"] == 2 and there["status"] == "queued":
            there["failed"] = [each for each in there["profiles"] if not self._import(each, there["lists"])]
            there["status"] = "complete"
        return self._told(job)

    @route("GET", f"{JOBS}/{{job}}/import-errors", windows=S)
    def errors(self, body: Any, query: dict[str, str], job: str) -> Any:
        told = [
            {
                "type": "import-error",
                "id": f"e{number}",
                "attributes": {
                    "code": "invalid", "title": "Invalid input.",
                    "detail": f"{each['attributes']['email']} cannot be imported",
                    "source": {"pointer": f"/data/attributes/profiles/data/{number}"},
                    "original_payload": each["attributes"],
                },
                **links(f"{JOBS}/{job}/import-errors/e{number}"),
            }
            for number, each in enumerate(self.jobs[job]["failed"])
        ]  # fmt: skip
        return self._page(told, query, f"{JOBS}/{job}/import-errors")

    @route("GET", "/api/profiles", windows=L)
    def list_profiles(self, body: Any, query: dict[str, str]) -> Any:
        chosen = list(self.profiles.values())
        if found := re.fullmatch(
            r'equals\(subscriptions\.email\.marketing\.suppression\.reason,"(\w+)"\)', query["filter"]
        ):
            chosen = [each for each in chosen if each["reason"] == found[1]]
        elif found := re.fullmatch(r"any\(email,\[(.*)\]\)", query["filter"]):
            wanted = re.findall(r'"([^"]*)"', found[1])
            chosen = [each for each in chosen if each["email"] in wanted]
        else:
            raise problem(400, "Invalid filter")
        told = [
            {"type": "profile", "id": each["id"], "attributes": {"email": each["email"]},
             **links(f"/api/profiles/{each['id']}")}
            for each in chosen
        ]  # fmt: skip
        return self._page(told, query, "/api/profiles")

    @route("GET", "/api/lists", windows=L)
    def list_lists(self, body: Any, query: dict[str, str]) -> Any:
        found = re.fullmatch(r'equals\(name,"(.*)"\)', query.get("filter", ""))
        chosen = [each for each in self.lists if not found or self.lists[each]["name"] == found[1]]
        return self._page([self._list_told(each) for each in chosen], query, "/api/lists")

    @route("POST", "/api/lists", windows=(*S, (150, 86400)))
    def create_list(self, body: Any, query: dict[str, str]) -> Any:
        name = f"L{len(self.lists)}"
        self.lists[name] = {"name": body["data"]["attributes"]["name"], "members": set()}
        return 201, {"data": self._list_told(name), **links("/api/lists")}

    @route("PATCH", "/api/lists/{name}", windows=S)
    def rename_list(self, body: Any, query: dict[str, str], name: str) -> Any:
        assert body["data"]["id"] == name
        self._list(name)["name"] = body["data"]["attributes"]["name"]
        return {"data": self._list_told(name), **links("/api/lists")}

    @route("DELETE", "/api/lists/{name}/relationships/profiles", windows=S)
    def leave_list(self, body: Any, query: dict[str, str], name: str) -> Any:
        if len(body["data"]) > 1000:
            raise problem(400, "Too many profiles")
        self._list(name)["members"] -= {each["id"] for each in body["data"]}
        return 204, None

    def _import(self, profile: dict[str, Any], lists: list[str]) -> bool:
        attributes = profile["attributes"]
        if attributes["email"].startswith("refused-later-"):
            return False
        there = self.profile(attributes["email"])
        there["properties"] |= attributes["properties"]
        for name in profile.get("meta", {}).get("patch_properties", {}).get("unset", []):
            there["properties"].pop(name, None)
        for each in lists:
            self.lists[each]["members"].add(there["id"])
        return True

    def _list(self, name: str) -> dict[str, Any]:
        if name not in self.lists:
            raise problem(404, f"A list with id {name} does not exist.")
        return self.lists[name]

    def _list_told(self, name: str) -> dict[str, Any]:
        return {
            "type": "list",
            "id": name,
            "attributes": {"name": self.lists[name]["name"]},
            **links(f"/api/lists/{name}"),
        }

    def _told(self, name: str) -> dict[str, Any]:
        job = self.jobs[name]
        attributes = {
            "status": job["status"], "created_at": WHEN, "total_count": len(job["profiles"]),
            "failed_count": len(job["failed"]),
        }  # fmt: skip
        return {
            "data": {
                "type": "profile-bulk-import-job",
                "id": name,
                "attributes": attributes,
                **links(f"{JOBS}/{name}"),
            },
            **links(f"{JOBS}/{name}"),
        }

    def _page(self, told: list[Any], query: dict[str, str], path: str) -> dict[str, Any]:
        start, size = int(query.get("page[cursor]", 0)), int(query.get("page[size]", 20))
        following = (
            {"next": f"{URL}{path}?page%5Bcursor%5D={start + size}"} if start + size < len(told) else {}
        )
        return {"data": told[start : start + size], "links": {"self": f"{URL}{path}", **following}}


class KlaviyoHarness(WithLists):
    """The connector and the stand-in."""

    kind = "klaviyo"
    documents = ("klaviyo.json",)
    stand_in: Klaviyo

    def members(self, list_name: str, keys: Iterable[str]) -> dict[str, dict[str, str]]:
        inside = self.inside(list_name)
        known = {key: self.stand_in.profiles[key] for key in keys if key in self.stand_in.profiles}
        return {
            key: {name: str(value) for name, value in profile["properties"].items()}
            for key, profile in known.items()
            if profile["id"] in inside
        }

    def unsubscribe(self, key: str, reason: str = "UNSUBSCRIBE") -> None:
        self.stand_in.profile(key)["reason"] = reason

    def subscribed(self) -> set[str]:
        return {key for key, each in self.stand_in.profiles.items() if each["consent"] == "SUBSCRIBED"}

    def refused_later(self, name: str) -> str:
        return f"refused-later-{name}@example.com"


@contextmanager
def start(folder: Path) -> Iterator[KlaviyoHarness]:
    """A stand-in, until the block ends."""
    yield KlaviyoHarness(Klaviyo())
