"""The way out of this process, and the time that passes meanwhile: what tests put a stand-in for."""

import ipaddress
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, date, datetime

import requests
from requests.adapters import BaseAdapter, HTTPAdapter

from perennial.activation.destinations.base import Window
from perennial.activation.limiter import Limiter, Shared, Waits

# Addresses of requests name people. Who has Airflow log all that there is does not mean that.
logging.getLogger("urllib3").setLevel(logging.INFO)


def is_near(host: str) -> bool:
    """Whether a host is written as an address of this machine, or of a network that is not public.

    What names lead to is left to TLS: who answers must have a certificate of the name.
    """
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return host.rstrip(".").lower().rpartition(".")[2] in ("localhost", "internal", "local")


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
    limits: Shared | None = None
    """Who keeps the provider's limits together with other processes; by default each keeps them itself."""

    def limiter(self, operation: str, windows: Sequence[Window]) -> Waits:
        """What a kind of call waits for."""
        if self.limits is not None:
            return self.limits.limiter(operation, windows)
        return Limiter(windows, self.clock, self.sleep)

    def room(self, most: int) -> AbstractContextManager[None]:
        """What a request enters while it is under way; this process begins no more than that by itself."""
        return nullcontext() if self.limits is None else self.limits.room(most)

    def session(self, url: str, connections: int = 1) -> requests.Session:
        """A session to where `url` is, that leaves this way; connections for so many requests at a time.

        Proxies and certificates are those of the environment at this moment.
        """
        session = requests.Session()
        # Looking through the environment for each request takes a third of the time to make one.
        found = session.merge_environment_settings(url, {}, None, None, None)
        session.trust_env, session.proxies, session.verify = False, found["proxies"], found["verify"]
        session.mount("https://", self.adapter or HTTPAdapter(pool_maxsize=connections))
        return session
