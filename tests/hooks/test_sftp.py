"""The SFTP hook, against a real OpenSSH server."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from activation.destinations.files.sftp_server import running

from perennial.activation.destinations.files.sftp import Login
from perennial.errors import TerminalError
from perennial.hooks.sftp import SftpHook


@pytest.fixture(scope="module")
def login(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Login]:
    with running(tmp_path_factory.mktemp("sshd")) as started:
        yield started


def _connection(monkeypatch: pytest.MonkeyPatch, login: Login, **changes: object) -> SftpHook:
    extra = {"private_key": login.private_key, "host_key": login.host_key}
    given = {
        "conn_type": "sftp",
        "host": login.host,
        "login": login.login,
        "port": login.port,
        "extra": extra,
    }
    monkeypatch.setenv("AIRFLOW_CONN_EXPORTS", json.dumps({**given, **changes}))
    return SftpHook("exports")


def test_a_good_connection_is_told(login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    works, said = _connection(monkeypatch, login).test_connection()
    assert works, said
    assert said.endswith(" files in .")


def test_a_key_may_lie_in_a_file(login: Login, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text(login.private_key)
    extra = {"key_file": str(tmp_path / "key"), "host_key": login.host_key}
    assert _connection(monkeypatch, login, extra=extra).get_conn() == login
    extra["key_file"] = "/no/key"
    with pytest.raises(TerminalError, match="connection exports: key_file: No such file"):
        _connection(monkeypatch, login, extra=extra).get_conn()


def test_a_bad_connection_is_told(login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    works, said = _connection(monkeypatch, replace(login, login="nobody-of-that-name")).test_connection()
    assert not works
    assert "refuses the login" in said
    with pytest.raises(TerminalError, match="a password or a private key"):
        _connection(monkeypatch, login, extra={}).get_conn()
    with pytest.raises(TerminalError, match="of type http, which is no SFTP server"):
        _connection(monkeypatch, login, conn_type="http").get_conn()
