"""What is peculiar to Klaviyo's API: its revision, its pages, and how it points at what it refuses."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from perennial.activation.destinations.auth import Key
from perennial.activation.destinations.base import Limits
from perennial.activation.destinations.connector import Account
from perennial.activation.destinations.failures import Problem
from perennial.activation.destinations.http import Client
from perennial.activation.destinations.wire import Wire

REVISION = "2026-07-15"
"""The revision of https://developers.klaviyo.com/en/reference/api_overview that this speaks."""
ROW = re.compile(r"^/data/attributes/profiles/data/(\d+)")


class KlaviyoClient(Client):
    """JSON:API with one account."""

    title = "Klaviyo"
    content_type = "application/vnd.api+json"
    hints = {
        401: "check the private API key in the connection",
        403: "the API key needs the scopes lists and profiles, read and write; and campaigns, events and"
        " metrics, read, for what came back",
    }

    def __init__(self, account: Account, limits: Limits, wire: Wire) -> None:
        key = Key(f"Klaviyo-API-Key {account.password}")
        super().__init__(account.url, key, limits, wire, {"revision": REVISION})

    def problems(self, response: requests.Response) -> list[Problem]:
        found = []
        for error in response.json()["errors"]:
            row = ROW.match((error.get("source") or {}).get("pointer") or "")
            found.append(Problem(str(error.get("detail") or error["title"]), int(row[1]) if row else None))
        return found

    def pages(self, path: str, **params: str | int) -> Iterator[dict[str, Any]]:
        """The resources of all pages."""
        for page in self.whole_pages(path, **params):
            yield from page["data"]

    def whole_pages(self, path: str, **params: str | int) -> Iterator[dict[str, Any]]:
        """All pages, each with what it includes."""
        asked: dict[str, str | int] = dict(params)
        while True:
            page: dict[str, Any] = self.call("GET", path, params=asked)
            yield page
            following = parse_qs(urlsplit((page.get("links") or {}).get("next") or "").query)
            if not following.get("page[cursor]"):
                return
            asked["page[cursor]"] = following["page[cursor]"][0]
