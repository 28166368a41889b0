"""HTTP as all providers speak it: JSON in and out, limits kept, each failure transient or terminal."""

import json
import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter

from perennial.activation.destinations.auth import Key, Token
from perennial.activation.destinations.base import BatchRefusedError, Limits
from perennial.activation.limiter import Limiter
from perennial.errors import TerminalError, TransientError

ATTEMPTS = 4
LONGEST_WAIT = 30.0
"""Seconds that a call waits by itself before it leaves the waiting to the caller's retries."""
PREVIEW = 200
ADDRESS = re.compile(r"[^\s\"'<>]+@[^\s\"'<>]+")
DIGEST = re.compile(r"\b[0-9a-f]{32}\b")
"""MD5 of an address names its owner to whoever has a list of addresses."""


class UnavailableError(TransientError):
    """No answer, an overloaded server, or a rate limit; `retry_after` are seconds, where they are known.

    After a time-out it is not known whether the provider took the request.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RefusedError(TerminalError):
    """The request is wrong, or the credentials lack a right; `status` is the answer's."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Problem(NamedTuple):
    """One thing that an answer complains of, and the position of the row at fault, where it is told."""

    text: str
    row: int | None = None


@dataclass(frozen=True)
class Wire:
    """How requests leave this process, and how time passes for them."""

    timeout: tuple[float, float] = (5.0, 60.0)
    """Seconds to connect, and to wait for an answer."""
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    today: Callable[[], date] = lambda: datetime.now(UTC).date()
    adapter: BaseAdapter | None = None
    """In place of the network."""

    def session(self, connections: int = 1) -> requests.Session:
        """A session that leaves this way, with connections for so many requests at a time."""
        session = requests.Session()
        session.mount("https://", self.adapter or HTTPAdapter(pool_maxsize=connections))
        return session


def fetch_token(title: str, url: str, form: Mapping[str, str], wire: Wire) -> Token:
    """An access token of OAuth 2, for what the form says that we are."""
    try:
        response = wire.session().post(url, data=form, timeout=wire.timeout, allow_redirects=False)
    except requests.RequestException as error:
        raise UnavailableError(f"{title}'s token: {type(error).__name__}") from None
    if response.status_code == 429 or response.status_code >= 500:
        raise UnavailableError(f"{title}'s token: status {response.status_code}")
    if not response.ok:
        raise RefusedError(
            f"{title} gives no token: status {response.status_code}; check the client's ID and secret, and"
            " its grant, in the connection",
            response.status_code,
        )
    answer = response.json()
    return Token(str(answer["access_token"]), float(answer["expires_in"]))


class Client:
    """One account's API. Nothing is sent before the first call.

    A provider's own client says what is peculiar: how its errors read, and which of them pass.
    """

    title: str
    content_type: str = "application/json"
    hints: Mapping[int, str] = {}
    """What to do about a status, in words for the person who must."""

    def __init__(self, url: str, auth: Key, limits: Limits, wire: Wire, headers: Mapping[str, str]) -> None:
        self.url, self._auth, self._wire = url, auth, wire
        self._limiters = [
            (re.compile(re.sub(r"\{\w+\}", "[^/]+", operation)), Limiter(windows, wire.clock, wire.sleep))
            for operation, windows in limits.operations.items()
        ]
        self._total = Limiter(limits.total, wire.clock, wire.sleep)
        self._limiters.append((re.compile(".*"), Limiter(limits.windows, wire.clock, wire.sleep)))
        self._session = wire.session(limits.concurrency)
        self._session.auth = auth
        self._session.headers.update({"Accept": self.content_type, **headers})

    def problems(self, response: requests.Response) -> list[Problem]:
        """What a refusal complains of; errors while reading it count as none."""
        return []

    def passes(self, response: requests.Response) -> bool:
        """Whether the same request may succeed later."""
        return response.status_code == 429 or response.status_code >= 500

    def retry_after(self, response: requests.Response) -> float | None:
        """Seconds to wait, where the answer says so."""
        return seconds(response.headers.get("Retry-After", ""))

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        params: Mapping[str, str | int] | None = None,
        *,
        repeatable: bool = True,
        accept: Collection[int] = (),
    ) -> Any:
        """The answer's JSON. Statuses in `accept` count as success.

        A `repeatable` call (one that may be made twice without harm) is made again a few times, as long as
        the waits are short.
        """
        response = self._answer(method, path, body, params, repeatable, accept)
        try:
            return response.json() if response.content else None
        except ValueError:
            # Such as a page of a proxy that is between us and them.
            raise UnavailableError(f"{self.title} {method} {redact(path)}: the answer is no JSON") from None

    def lines(self, path: str, params: Mapping[str, str | int] | None = None) -> Iterator[str]:
        """The lines of an answer that may be larger than memory."""
        with self._answer("GET", path, None, params, True, (), stream=True) as response:
            try:
                for line in response.iter_lines():
                    yield line.decode()
            except requests.RequestException as error:
                raise UnavailableError(f"{self.title} GET {redact(path)}: {type(error).__name__}") from None

    def _answer(
        self,
        method: str,
        path: str,
        body: Any,
        params: Mapping[str, str | int] | None,
        repeatable: bool,
        accept: Collection[int],
        stream: bool = False,
    ) -> requests.Response:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._once(method, path, body, params, accept, stream)
            except UnavailableError as error:
                wait = error.retry_after if error.retry_after is not None else 0.5 * 2**attempt
                if attempt == ATTEMPTS or wait > LONGEST_WAIT or not repeatable:
                    raise
                self._wire.sleep(wait)
        raise TerminalError("unreachable: the last attempt returns or raises")

    def download(self, url: str) -> bytes:
        """A file that an answer pointed to; credentials are not sent to it."""
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.netloc != urlsplit(self.url).netloc:
            raise RefusedError(f"{self.title}: a file is offered without https: {parts.hostname}", 0)
        try:
            response = self._wire.session().get(url, timeout=self._wire.timeout, auth=lambda request: request)
        except requests.RequestException as error:
            raise UnavailableError(f"{self.title}'s file: {type(error).__name__}") from None
        if response.status_code >= 500:
            raise UnavailableError(f"{self.title}'s file: status {response.status_code}")
        if not response.ok:
            raise RefusedError(f"{self.title}'s file: status {response.status_code}", response.status_code)
        return response.content

    def _once(
        self,
        method: str,
        path: str,
        body: Any,
        params: Mapping[str, str | int] | None,
        accept: Collection[int],
        stream: bool,
    ) -> requests.Response:
        response = self._send(method, path, body, params, stream)
        if response.status_code == 401 and self._auth.renew():
            response = self._send(method, path, body, params, stream)
        if response.status_code < 300 or response.status_code in accept:
            return response
        raise self._error(f"{self.title} {method} {redact(path)}", response)

    def _send(
        self, method: str, path: str, body: Any, params: Mapping[str, str | int] | None, stream: bool
    ) -> requests.Response:
        operation = f"{method} {path}"
        self._total.acquire()
        next(limiter for pattern, limiter in self._limiters if pattern.fullmatch(operation)).acquire()
        content = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        headers = {} if content is None else {"Content-Type": self.content_type}
        try:
            return self._session.request(
                method, self.url + path, params=params, data=content, headers=headers,
                timeout=self._wire.timeout, allow_redirects=False, stream=stream,
            )  # fmt: skip
        except (requests.Timeout, requests.ConnectionError) as error:
            raise UnavailableError(f"{self.title} {method} {redact(path)}: {type(error).__name__}") from None

    def _error(self, where: str, response: requests.Response) -> Exception:
        status = response.status_code
        if self.passes(response):
            return UnavailableError(f"{where}: status {status}", self.retry_after(response))
        try:
            problems = self.problems(response)
        except (ValueError, KeyError, TypeError, AttributeError):
            problems = []
        text = "; ".join(problem.text for problem in problems) or str(response.reason)
        message = f"{where}: status {status}: {redact(text)}"
        if status in self.hints:
            message += f"; {self.hints[status]}"
        rows = {problem.row: redact(problem.text) for problem in problems if problem.row is not None}
        if rows or status == 413:
            return BatchRefusedError(message, rows)
        return RefusedError(message, status)


def seconds(header: str) -> float | None:
    """The value of `Retry-After`: seconds, or a date."""
    if header.replace(".", "", 1).isdigit():
        return float(header)
    try:
        return max(0.0, (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


def redact(text: str) -> str:
    """A short preview without addresses, fit for a log."""
    return DIGEST.sub("…", ADDRESS.sub("…@…", text))[:PREVIEW]
