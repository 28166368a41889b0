"""The stand-in ESP and the collector that it posts to, served by threads of this process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from esp_process import API_KEY, Esp, until

from perennial.collector.app import create_app as collector_app
from perennial.collector.settings import CollectorSettings
from perennial.local.credentials import key_pair
from perennial.local.ports import free_ports
from perennial.sandbox.esp.app import create_app as esp_app
from perennial.sandbox.esp.settings import EspSettings
from perennial.settings import Settings

HOST = "127.0.0.1"
PATIENCE = 60.0
"""Seconds; a machine may be busy."""


@contextmanager
def provider(places: Settings, state: Path) -> Iterator[Esp]:
    """A stand-in whose recipients' events come, signed, to a collector that writes below `places`."""
    private, public = key_pair()
    key = state / "webhook.pem"
    key.write_text(private)
    ports = free_ports({"collector": None, "esp": None})
    receiving = CollectorSettings(HOST, ports["collector"], places, {"sendgrid": (public,)})
    webhook = f"http://{HOST}:{ports['collector']}/webhooks/sendgrid"
    sending = EspSettings(HOST, ports["esp"], state / "sandbox", API_KEY, webhook, key)
    with _serving(collector_app(receiving), ports["collector"]), _serving(esp_app(sending), ports["esp"]):
        yield Esp(f"http://{HOST}:{ports['esp']}")


def delivered(esp: Esp) -> None:
    """Return once all events of the recipients have been taken."""
    until(lambda: esp.call("GET", "/sandbox/status")["pending"] == 0, PATIENCE)


@contextmanager
def _serving(app: Any, port: int) -> Iterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, host=HOST, port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        until(lambda: server.started, PATIENCE)
        yield
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
