"""The stand-in ESP as a process of its own, for tests that speak real HTTP with it."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from perennial.local.ports import free_ports

PLUGINS = Path(__file__).resolve().parents[1] / "plugins"
API_KEY = "SG.key-of-tests"


@dataclass(frozen=True)
class Esp:
    """A running stand-in."""

    url: str
    api_key: str = API_KEY

    def call(self, method: str, path: str, **how: Any) -> Any:
        """One request with the key; the answer's JSON."""
        headers = {"Authorization": f"Bearer {self.api_key}"}
        response = requests.request(method, self.url + path, headers=headers, timeout=10, **how)
        response.raise_for_status()
        return response.json() if response.content else None

    def fault(self, method: str, path: str, **how: Any) -> None:
        """Let the next matching requests fail."""
        self.call("POST", "/sandbox/faults", json={"method": method, "path": path, **how})

    def requests(self) -> dict[str, int]:
        """How often each endpoint was called."""
        seen: dict[str, int] = self.call("GET", "/sandbox/requests")
        return seen


def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Return when the condition holds; fail when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not in {seconds} s")
        time.sleep(0.05)


def wait_for(url: str, process: subprocess.Popen[bytes], seconds: float = 20.0) -> None:
    """Until `url` answers."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if requests.get(url, timeout=1).ok:
                return
        except requests.RequestException:
            time.sleep(0.05)
    raise RuntimeError(f"{url} does not answer")


@contextmanager
def service(module: str, port: int, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """`python -m module` with this environment, until the block ends."""
    env = {**os.environ, "PYTHONPATH": str(PLUGINS), **environment}
    process = subprocess.Popen([sys.executable, "-m", module], env=env)
    try:
        wait_for(f"http://127.0.0.1:{port}/health", process)
        yield process
    finally:
        process.terminate()
        process.wait(timeout=20)


@contextmanager
def running_esp(state: Path, **environment: str) -> Iterator[Esp]:
    """A stand-in with its state under `state`."""
    port = free_ports({"esp": None})["esp"]
    settings = {
        "PERENNIAL_STATE": str(state),
        "PERENNIAL_SANDBOX_PORT": str(port),
        "PERENNIAL_SANDBOX_API_KEY": API_KEY,
        **environment,
    }
    with service("perennial.sandbox.esp", port, settings):
        yield Esp(f"http://127.0.0.1:{port}")
