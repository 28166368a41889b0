"""HTTP with SendGrid's v3 API: JSON in and out, limits kept, each failure transient or terminal."""

import json
import re
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

import requests

from perennial.activation.destinations.base import BatchRefusedError
from perennial.activation.limiter import Limiter
from perennial.errors import TerminalError, TransientError

API = "/v3"
"""The version of https://www.twilio.com/docs/sendgrid/api-reference that this speaks."""
ATTEMPTS = 4
LONGEST_WAIT = 30.0
"""Seconds that a call waits by itself before it leaves the waiting to the caller's retries."""
PREVIEW = 200
ADDRESS = re.compile(r"[^\s\"'<>]+@[^\s\"'<>]+")
ROW = re.compile(r"^contacts\[(\d+)\]")


class SendGridUnavailableError(TransientError):
    """No answer, an overloaded server, or a rate limit; `retry_after` are seconds, where they are known."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class SendGridRefusedError(TerminalError):
    """The request is wrong, or the key lacks a right; `status` is the answer's."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class SendGridClient:
    """One account's API. Nothing is sent before the first call."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        limiter: Limiter | None = None,
        timeout: tuple[float, float] = (5.0, 60.0),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`base_url` is https://api.sendgrid.com, or https://api.eu.sendgrid.com for EU regional subusers."""
        self._base_url = base_url.rstrip("/")
        self._limiter, self._timeout, self._sleep = limiter or Limiter([]), timeout, sleep
        self._session = requests.Session()
        self._session.headers.update({"Authorization": f"Bearer {api_key}", "Accept": "application/json"})

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
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._once(method, path, body, params, accept)
            except SendGridUnavailableError as error:
                wait = error.retry_after if error.retry_after is not None else 0.5 * 2**attempt
                if attempt == ATTEMPTS or wait > LONGEST_WAIT or not repeatable:
                    raise
                self._sleep(wait)
        raise TerminalError("unreachable: the last attempt returns or raises")

    def download(self, url: str) -> str:
        """A file that an answer pointed to; the API key is not sent to it."""
        try:
            response = requests.get(url, timeout=self._timeout)
        except requests.RequestException as error:
            raise SendGridUnavailableError(f"error file: {type(error).__name__}") from None
        if response.status_code >= 500:
            raise SendGridUnavailableError(f"error file: status {response.status_code}")
        if not response.ok:
            raise SendGridRefusedError(f"error file: status {response.status_code}", response.status_code)
        return response.text

    def _once(
        self,
        method: str,
        path: str,
        body: Any,
        params: Mapping[str, str | int] | None,
        accept: Collection[int],
    ) -> Any:
        self._limiter.acquire()
        content = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        headers = {} if content is None else {"Content-Type": "application/json"}
        try:
            response = self._session.request(
                method, f"{self._base_url}{API}{path}", params=params, data=content, headers=headers,
                timeout=self._timeout, allow_redirects=False,
            )  # fmt: skip
        except (requests.Timeout, requests.ConnectionError) as error:
            raise SendGridUnavailableError(f"SendGrid {method} {path}: {type(error).__name__}") from None
        if response.ok or response.status_code in accept:
            return response.json() if response.content else None
        raise _error(f"SendGrid {method} {path.split('?')[0]}", response)


def _error(where: str, response: requests.Response) -> Exception:
    status = response.status_code
    if status == 429 or status >= 500:
        return SendGridUnavailableError(f"{where}: status {status}", _retry_after(response.headers))
    problems = _problems(response)
    message = "; ".join(f"{field}: {text}" if field else text for field, text in problems) or response.reason
    message = f"{where}: status {status}: {redact(message)}"
    if status == 401:
        message += "; check the API key in the connection"
    if status == 403:
        message += "; the API key needs full access to Marketing, and to Suppressions"
    rows = {int(found[1]): redact(text) for field, text in problems if (found := ROW.match(field))}
    if rows or status == 413:
        return BatchRefusedError(message, rows)
    return SendGridRefusedError(message, status)


def _problems(response: requests.Response) -> list[tuple[str, str]]:
    try:
        errors = response.json()["errors"]
        return [(str(error.get("field") or ""), str(error.get("message"))) for error in errors]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait: `Retry-After`, or until `X-RateLimit-Reset` (seconds since the epoch)."""
    if (seconds := headers.get("Retry-After", "")).isdigit():
        return float(seconds)
    if (
        headers.get("X-RateLimit-Remaining") == "0"
        and (reset := headers.get("X-RateLimit-Reset", "")).isdigit()
    ):
        return max(0.0, float(reset) - time.time())
    return None


def redact(text: str) -> str:
    """A short preview without addresses, fit for a log."""
    return ADDRESS.sub("…@…", text)[:PREVIEW]
