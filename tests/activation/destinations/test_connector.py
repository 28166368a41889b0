"""What connectors declare of themselves: it is complete, and credentials go to their provider alone."""

from typing import Any

import pytest

from perennial.activation.destinations import overview
from perennial.activation.destinations.connector import FOLDER, Account
from perennial.activation.destinations.registry import connector, kinds
from perennial.errors import TerminalError
from perennial.settings import REPOSITORY

SENDGRID = {"host": "https://api.sendgrid.com", "password": "SG.secret"}


def test_a_checked_connection_gives_an_address_and_who_we_are() -> None:
    account = connector("sendgrid").account("mail", {**SENDGRID, "webhook_public_key": "MF", "other": "x"})
    assert account == Account("https://api.sendgrid.com", "", "SG.secret", {"webhook_public_key": "MF"})
    assert "SG.secret" not in repr(account)


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, "https://api.sendgrid.com"),
        ({"host": "api.eu.sendgrid.com"}, "https://api.eu.sendgrid.com"),
        ({"host": "http://127.0.0.1:8080"}, "http://127.0.0.1:8080"),
        ({"host": "http://localhost", "port": 8080}, "http://localhost:8080"),
    ],
)
def test_the_providers_hosts_and_this_machine_are_allowed(given: dict[str, Any], url: str) -> None:
    assert connector("sendgrid").account("mail", {**SENDGRID, "host": "", **given}).url == url


@pytest.mark.parametrize("kind", kinds())
@pytest.mark.parametrize(
    "host",
    [
        "http://{}",
        "https://{}.example.com",
        "https://{}:8443",
        "https://ann:secret@{}",
        "https://example.com/{}",
        "https://example.com#{}",
        "https://x.{}",
        "https://127.0.0.1.example.com",
        "https://ann@127.0.0.1",
        "ftp://127.0.0.1",
    ],
)
def test_no_other_host_is(kind: str, host: str) -> None:
    ours = connector(kind)
    form = ours.declaration.connection
    given = dict.fromkeys(form.fields, "x") | {"host": host.format(form.hosts[0].replace("*", "x"))}
    with pytest.raises(TerminalError, match="allowed: https with") as error:
        ours.account("mail", given)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("kind", kinds())
def test_a_missing_field_is_named(kind: str) -> None:
    form = connector(kind).declaration.connection.fields
    required = [name for name, field in form.items() if field.required]
    assert required
    with pytest.raises(TerminalError, match=f"connection mail: {required[0]} "):
        connector(kind).account("mail", {})


@pytest.mark.parametrize("kind", kinds())
def test_a_connector_is_whole(kind: str) -> None:
    ours = connector(kind)
    assert min(ours.limits.rows, ours.limits.bytes, ours.limits.removals, ours.limits.concurrency) > 0
    can = ours.declaration.capabilities
    assert can.suppressions, "who opted out must be known before a send"
    assert can.upsert_can_subscribe or not can.consent_fields
    readme = (FOLDER / kind / "README.md").read_text()
    assert readme.startswith(f"# {ours.declaration.title}\n")
    for name, field in ours.declaration.connection.fields.items():
        assert f"| {name} |" in readme, f"the README's connection table has no row {name}: {field.label}"
    for host in ours.declaration.connection.hosts:
        assert host in readme


def test_the_manual_has_the_tables_of_the_declarations() -> None:
    manual = (REPOSITORY / "docs/destinations.md").read_text()
    for table in (overview.capabilities(), overview.limits()):
        assert table in manual, "run python -m perennial.activation.destinations.overview"
