"""A stack's secrets are its own, stay the same, and can be read by nobody else."""

import base64
import json
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from perennial.campaigns.tokens import Signer
from perennial.collector.signatures import SendGrid
from perennial.collector.tokens import Tokens
from perennial.local import credentials
from perennial.local.databases import Passwords
from perennial.local.postgres import Server


@pytest.fixture
def open_umask() -> Iterator[None]:
    """The most careless setting that a person can have."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_umask")
def test_only_the_owner_can_read_them(tmp_path: Path) -> None:
    credentials.find_or_create(tmp_path)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert modes == dict.fromkeys(
        ["credentials.json", "airflow_passwords.json", "webhook_private_key.pem", "collector_tokens.yaml"],
        0o600,
    )


def test_they_are_made_once_and_for_one_stack(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    first = credentials.find_or_create(tmp_path / "a")
    assert credentials.find_or_create(tmp_path / "a") == first
    other = credentials.find_or_create(tmp_path / "b")
    assert set(asdict(first).values()).isdisjoint(asdict(other).values())


def test_each_is_long_enough_and_fit_for_its_purpose(tmp_path: Path) -> None:
    secret = credentials.find_or_create(tmp_path)
    assert len(set(asdict(secret).values())) == len(asdict(secret))
    assert min(len(value) for value in asdict(secret).values()) >= 16
    assert Fernet(secret.fernet_key).decrypt(Fernet(secret.fernet_key).encrypt(b"text")) == b"text"
    # They stand in URLs without quoting.
    assert all(each.isalnum() for each in (secret.owner_password, secret.reader_password))


def test_a_stack_without_a_token_is_given_one(tmp_path: Path) -> None:
    made = asdict(credentials.find_or_create(tmp_path))
    del made["collector_token"]
    (tmp_path / "credentials.json").write_text(json.dumps(made))
    secret = credentials.find_or_create(tmp_path)
    assert credentials.find_or_create(tmp_path) == secret
    sender = Tokens(credentials.collector_tokens(tmp_path)).sender(
        b"Bearer " + secret.collector_token.encode()
    )
    assert sender.name == "demo"


def test_a_stack_without_a_key_for_links_is_given_one(tmp_path: Path) -> None:
    made = asdict(credentials.find_or_create(tmp_path))
    old = made.pop("tracking_key")
    (tmp_path / "credentials.json").write_text(json.dumps(made))
    secret = credentials.find_or_create(tmp_path)
    assert credentials.find_or_create(tmp_path) == secret
    assert secret.tracking_key != old
    assert Signer.of(secret.tracking_key)


def test_they_do_not_show_in_logs_and_tracebacks(tmp_path: Path) -> None:
    secret = credentials.find_or_create(tmp_path)
    server = Server(tmp_path, 5432, secret.postgres_password)
    shown = repr((secret, server, Passwords(secret.owner_password, secret.reader_password)))
    assert not [value for value in asdict(secret).values() if value in shown]


def test_the_collector_accepts_what_the_sandboxs_key_signs(tmp_path: Path) -> None:
    secret = credentials.find_or_create(tmp_path)
    pem = credentials.webhook_private_key(tmp_path).read_bytes()
    private = serialization.load_pem_private_key(pem, password=None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    now = time.time()
    signature = private.sign(f"{int(now)}[]".encode(), ec.ECDSA(hashes.SHA256()))
    encoded = base64.b64encode(signature).decode()
    headers = {SendGrid.SIGNATURE: encoded, SendGrid.TIMESTAMP: str(int(now))}
    SendGrid(secret.webhook_public_key).check(headers, b"[]", now)
