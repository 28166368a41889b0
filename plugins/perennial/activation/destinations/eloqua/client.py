"""What is peculiar to Eloqua's API: the pod behind it has to be found, and may move."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import requests

from perennial.activation.destinations.auth import Key, basic
from perennial.activation.destinations.base import Limits
from perennial.activation.destinations.connector import LOOPBACK, Account
from perennial.activation.destinations.failures import Problem, RefusedError, UnavailableError
from perennial.activation.destinations.http import Client
from perennial.activation.destinations.wire import Wire

POD = re.compile(r"https://secure\.[a-z0-9-]+\.eloqua\.com|https?://(" + "|".join(LOOPBACK) + r")(:\d+)?")
"""Where credentials may go, whatever the answer says."""


class PodKey(Key):
    """A fixed key; after a 401 the pod is looked for again, for the instance may have moved."""

    def __init__(self, key: Key, moved: Callable[[], bool]) -> None:
        super().__init__(key.value)
        self._moved = moved

    def renew(self) -> bool:
        """Whether the instance is somewhere else now."""
        return self._moved()


class EloquaClient(Client):
    """JSON with one instance, at the pod that its account says."""

    title = "Eloqua"
    hints = {401: r"check the user (Company\user) and the password in the connection"}

    def __init__(self, account: Account, limits: Limits, wire: Wire) -> None:
        key = basic(account.login, account.password)
        self._home, self._found = account.url, False
        super().__init__(account.url, PodKey(key, self._look), limits, wire, {})

    def problems(self, response: requests.Response) -> list[Problem]:
        answer = response.json()
        failures = answer.get("failures") or [answer]
        return [
            Problem(f"{each.get('field', '')} {each.get('constraint') or each}".strip()) for each in failures
        ]

    def _send(
        self, method: str, path: str, body: Any, params: Mapping[str, str | int] | None, stream: bool
    ) -> requests.Response:
        if not self._found:
            self._look()
        return super()._send(method, path, body, params, stream)

    def _look(self) -> bool:
        """Ask where the instance is; whether that is somewhere else than before."""
        try:
            response = self._session.get(
                f"{self._home}/id", timeout=self._wire.timeout, allow_redirects=False
            )
        except requests.RequestException as error:
            raise UnavailableError(f"Eloqua GET /id: {type(error).__name__}") from None
        if self.passes(response):
            raise UnavailableError(f"Eloqua GET /id: status {response.status_code}")
        answer = response.json() if response.ok and response.content else None
        if not isinstance(answer, dict):
            # Wrong credentials are answered with status 200 and a text.
            raise RefusedError(f"Eloqua GET /id: status 401: not authenticated; {self.hints[401]}", 401)
        before, self.url, self._found = self.url, str(answer["urls"]["base"]).rstrip("/"), True
        if not POD.fullmatch(self.url):
            raise RefusedError(f"Eloqua GET /id: {self.url} is none of Eloqua's hosts", 0)
        return self.url != before
