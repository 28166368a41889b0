"""A webhook, a mail server, the connections that lead there, and what is kept of notices."""

import json
import os
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psycopg
import pytest

from perennial.alerts.outbox import Outbox, migrate


class Webhook(BaseHTTPRequestHandler):
    """Takes what is posted; the server's `heard` holds it."""

    def do_POST(self) -> None:
        server: Any = self.server
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        server.heard.append((self.headers.get("authorization"), body))
        server.paths.append(self.path)
        self.send_response(server.status)
        self.end_headers()

    def log_message(self, *arguments: Any) -> None: ...


class Mail(socketserver.StreamRequestHandler):
    """As much of SMTP as a client needs to be rid of a message."""

    def handle(self) -> None:
        server: Any = self.server
        self.wfile.write(b"220 tests\r\n")
        lines: list[str] = []
        inside = False
        while line := self.rfile.readline().decode().rstrip("\r\n"):
            if inside and line == ".":
                inside = False
            elif not inside and line.upper() == "DATA":
                inside = True
                self.wfile.write(b"354 go on\r\n")
                lines += self._message()
                inside = False
            if line.upper() == "QUIT":
                self.wfile.write(b"221 bye\r\n")
                break
            self.wfile.write(b"250 ok\r\n")
            lines.append(line)
        server.heard.append(lines)

    def _message(self) -> list[str]:
        found = []
        while (line := self.rfile.readline().decode().rstrip("\r\n")) != ".":
            found.append(line)
        return found


@contextmanager
def serving(server: Any) -> Iterator[Any]:
    server.heard, server.paths, server.status = [], [], 200
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Webhook)) as server:
        port = server.server_address[1]
        connection = {"conn_type": "http", "host": f"http://127.0.0.1:{port}/hook", "password": "token"}
        monkeypatch.setitem(os.environ, "AIRFLOW_CONN_HOOK", json.dumps(connection))
        slack = {"conn_type": "http", "host": f"http://127.0.0.1:{port}/services", "password": "T0/B0/secret"}
        monkeypatch.setitem(os.environ, "AIRFLOW_CONN_SLACK", json.dumps(slack))
        yield server


@pytest.fixture
def mail(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mail)) as server:
        extra = {"from_email": "us@example.com", "disable_ssl": True, "disable_tls": True}
        connection = {
            "conn_type": "smtp",
            "host": "127.0.0.1",
            "port": server.server_address[1],
            "extra": extra,
        }
        monkeypatch.setitem(os.environ, "AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(connection))
        yield server


@pytest.fixture
def kept(store_url, monkeypatch):
    """What is kept of notices, by who reads it after the test's work."""
    monkeypatch.setitem(os.environ, "AIRFLOW_CONN_PERENNIAL_STORE", store_url)
    migrate(store_url)
    with psycopg.connect(store_url, autocommit=True) as connection:
        connection.execute("TRUNCATE alerts.notice CASCADE")
        yield lambda: Outbox(connection).newest(99)
