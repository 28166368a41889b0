"""The SendGrid hook, against the stand-in ESP."""

import json
from collections.abc import Iterator

import pytest
from esp_process import Esp, running_esp

from perennial.errors import TerminalError
from perennial.hooks.sendgrid import SendGridHook


@pytest.fixture(scope="module")
def esp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Esp]:
    with running_esp(tmp_path_factory.mktemp("esp")) as started:
        yield started


def _connection(monkeypatch: pytest.MonkeyPatch, **fields: str) -> SendGridHook:
    monkeypatch.setenv("AIRFLOW_CONN_SENDGRID_DEFAULT", json.dumps({"conn_type": "http", **fields}))
    return SendGridHook()


def test_a_good_connection_is_told(esp: Esp, monkeypatch: pytest.MonkeyPatch) -> None:
    hook = _connection(monkeypatch, host=esp.url, password=esp.api_key)
    assert hook.test_connection() == (True, "0 contacts")
    assert hook.get_conn() is hook.get_conn()


def test_a_wrong_key_is_told(esp: Esp, monkeypatch: pytest.MonkeyPatch) -> None:
    works, message = _connection(monkeypatch, host=esp.url, password="SG.wrong").test_connection()
    assert not works
    assert "check the API key" in message
    assert "SG.wrong" not in message


def test_the_constructor_does_no_io() -> None:
    assert SendGridHook("no such connection").sendgrid_conn_id == "no such connection"


def test_an_incomplete_connection_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TerminalError, match=r"host \(such as https://api.sendgrid.com\) and password"):
        _connection(monkeypatch, host="https://api.sendgrid.com").get_conn()
