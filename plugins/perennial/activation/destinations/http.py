"""HTTP as all providers speak it: JSON in and out, limits kept, each failure transient or terminal."""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import nullcontext
from typing import Any
from urllib.parse import urlsplit

import requests

from perennial.activation.destinations.auth import Key
from perennial.activation.destinations.base import BatchRefusedError, Limits
from perennial.activation.destinations.failures import (
    Problem,
    RefusedError,
    UnavailableError,
    redact,
    seconds,
)
from perennial.activation.destinations.wire import Wire, is_near
from perennial.errors import TerminalError

ATTEMPTS = 4
LARGEST_FILE = 256 * 1024 * 1024
"""Bytes of a file that an answer points to."""
LONGEST_WAIT = 10.0
"""Seconds that a call waits by itself before it leaves the waiting to the caller's retries."""


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
            (re.compile(re.sub(r"\{\w+\}", "[^/]+", operation)), wire.limiter(operation, windows))
            for operation, windows in limits.operations.items()
        ]
        self._total = wire.limiter("all calls", limits.total)
        self._limiters.append((re.compile(".*"), wire.limiter("other calls", limits.windows)))
        self._session, self._room = wire.session(url, limits.concurrency), wire.room(limits.concurrency)
        self._session.auth = auth
        self._session.headers.update({"Accept": self.content_type, **headers})

    def problems(self, response: requests.Response) -> list[Problem]:
        """What a refusal complains of; errors while reading it count as none."""
        return []

    def passes(self, response: requests.Response) -> bool:
        """Whether the same request may succeed later."""
        return response.status_code == 429 or response.status_code >= 500

    def encoded(self, body: Any) -> tuple[bytes, dict[str, str]]:
        """A body as it is sent, and the headers that say what it is."""
        content = json.dumps(body, separators=(",", ":")).encode()
        return content, {"Content-Type": self.content_type}

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
        missing: Callable[[str], TerminalError] | None = None,
    ) -> Any:
        """The answer's JSON. Statuses in `accept` count as success; `missing` is what a 404 means here.

        A `repeatable` call (one that may be made twice without harm) is made again a few times, as long as
        the waits are short.
        """
        try:
            response = self._answer(method, path, body, params, repeatable, accept)
        except RefusedError as error:
            if missing is None or error.status != 404:
                raise
            raise missing(str(error)) from None
        try:
            return response.json() if response.content else None
        except ValueError:
            # Such as a page of a proxy that is between us and them.
            raise UnavailableError(f"{self.title} {method} {redact(path)}: the answer is no JSON") from None

    def lines(self, path: str, params: Mapping[str, str | int] | None = None) -> Iterator[str]:
        """The lines of an answer that may be larger than memory."""
        with self._room, self._answer("GET", path, None, params, True, (), stream=True) as response:
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
        """A file that an answer pointed to, up to `LARGEST_FILE`; credentials are not sent to it.

        It is not followed to elsewhere: what an answer says must not make this process ask its neighbours.
        """
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.netloc != urlsplit(self.url).netloc:
            raise RefusedError(f"{self.title}: a file is offered without https: {parts.hostname}", 0)
        if parts.netloc != urlsplit(self.url).netloc and is_near(parts.hostname or ""):
            raise RefusedError(f"{self.title}: a file is offered at an address that is not public", 0)
        try:
            response = self._wire.session(url).get(
                url,
                timeout=self._wire.timeout,
                auth=lambda request: request,
                allow_redirects=False,
                stream=True,
            )
            with response:
                content = bytearray()
                for piece in response.iter_content(1 << 20):
                    content += piece
                    if len(content) > LARGEST_FILE:
                        raise RefusedError(f"{self.title}'s file: more than {LARGEST_FILE:,} bytes", 0)
        except requests.RequestException as error:
            raise UnavailableError(f"{self.title}'s file: {type(error).__name__}") from None
        if response.status_code >= 500:
            raise UnavailableError(f"{self.title}'s file: status {response.status_code}")
        if response.status_code >= 300:
            raise RefusedError(f"{self.title}'s file: status {response.status_code}", response.status_code)
        return bytes(content)

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
        # What is read bit by bit has its place until it is read.
        with nullcontext() if stream else self._room:
            self._total.acquire()
            next(limiter for pattern, limiter in self._limiters if pattern.fullmatch(operation)).acquire()
            content, headers = (None, {}) if body is None else self.encoded(body)
            try:
                return self._session.request(
                    method, self.url + path, params=params, data=content, headers=headers,
                    timeout=self._wire.timeout, allow_redirects=False, stream=stream,
                )  # fmt: skip
            except requests.RequestException as error:
                where = f"{self.title} {method} {redact(path)}"
                raise UnavailableError(f"{where}: {type(error).__name__}") from None

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
