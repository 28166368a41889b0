"""The hooks of destinations: that of SendGrid against the stand-in ESP, and that there is one for each."""

import json
from collections.abc import Iterator

import pytest
from esp_process import Esp, running_esp

from perennial.activation.destinations.registry import UnknownKindError, kinds
from perennial.errors import TerminalError
from perennial.hooks.destinations import HOOKS, SendgridHook, destination


@pytest.fixture(scope="module")
def esp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Esp]:
    with running_esp(tmp_path_factory.mktemp("esp")) as started:
        yield started


def _connection(monkeypatch: pytest.MonkeyPatch, **fields: str) -> SendgridHook:
    monkeypatch.setenv("AIRFLOW_CONN_SENDGRID_DEFAULT", json.dumps({"conn_type": "http", **fields}))
    return SendgridHook()


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
    assert SendgridHook("no such connection").conn_id == "no such connection"
    assert SendgridHook().conn_id == "sendgrid_default"


def test_an_incomplete_connection_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = r"connection sendgrid_default: password \(API key\): needed for SendGrid"
    with pytest.raises(TerminalError, match=missing):
        _connection(monkeypatch, host="https://api.sendgrid.com").get_conn()


def test_every_connector_has_a_hook() -> None:
    assert sorted(HOOKS) == kinds()


def test_an_unknown_kind_lists_those_that_are_known() -> None:
    with pytest.raises(UnknownKindError, match=r"'pigeons'; known: .*sendgrid"):
        destination("pigeons", "pigeons_default")
