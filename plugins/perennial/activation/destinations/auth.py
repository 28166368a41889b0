"""How requests say who we are; the secret is put on a request when it leaves, and stands nowhere else."""

import threading
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests
from requests.auth import AuthBase

from perennial.activation.destinations.failures import RefusedError, UnavailableError
from perennial.activation.destinations.wire import Wire


class Key(AuthBase):
    """A fixed key in a header."""

    def __init__(self, value: str, header: str = "Authorization") -> None:
        self._header, self.value = header, value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers[self._header] = self.value
        return request

    def renew(self) -> bool:
        """Whether there is something to try after a 401: a fixed key stays what it is."""
        return False


def basic(login: str, password: str) -> Key:
    """HTTP basic authentication."""
    return Key("Basic " + b64encode(f"{login}:{password}".encode()).decode())


@dataclass(frozen=True)
class Token:
    """An access token, and the seconds that it lives."""

    value: str
    lives: float


class RenewedToken(Key):
    """A bearer token that is fetched when it is needed, before it expires, and once more after a 401."""

    EARLY = 60.0
    """Seconds before its end at which a token is not used any more."""

    def __init__(self, fetch: Callable[[], Token], clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__("")
        self._fetch, self._clock, self._until = fetch, clock, float("-inf")
        self._lock = threading.Lock()

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        self.current()
        return super().__call__(request)

    def current(self) -> str:
        """The token itself, fetched anew where it is about to end."""
        with self._lock:
            if self._clock() >= self._until:
                self._renew()
            return self.value.removeprefix("Bearer ")

    def renew(self) -> bool:
        with self._lock:
            self._renew()
        return True

    def _renew(self) -> None:
        token = self._fetch()
        self.value = f"Bearer {token.value}"
        self._until = self._clock() + max(0.0, token.lives - self.EARLY)


def fetch_token(title: str, url: str, form: Mapping[str, str], wire: Wire, *, as_json: bool = False) -> Token:
    """An access token of OAuth 2, for what the form says that we are; some providers want it as JSON."""
    content: dict[str, Any] = {"json": form} if as_json else {"data": form}
    try:
        response = wire.session(url).post(url, timeout=wire.timeout, allow_redirects=False, **content)
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
