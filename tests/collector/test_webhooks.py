"""The webhook receiver: only what the provider signed just now is taken, and what is taken is on disk."""

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.testclient import TestClient

from perennial.collector.app import create_app
from perennial.collector.settings import CollectorSettings
from perennial.collector.webhooks import MAX_BODY, SIGNATURE, TIMESTAMP
from perennial.settings import Settings
from perennial.signals.log import LogWriter, read

URL = "/webhooks/sendgrid"
BODY = b'[ {"event": "open",\n "email": "ann@example.com"} ]\r\n'


def _public(key: ec.EllipticCurvePrivateKey) -> str:
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def _signed(key: ec.EllipticCurvePrivateKey, body: bytes, timestamp: str | None = None) -> dict[str, str]:
    timestamp = timestamp or str(int(time.time()))
    signature = key.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    return {SIGNATURE: base64.b64encode(signature).decode(), TIMESTAMP: timestamp}


@pytest.fixture(scope="module")
def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _settings(folder: Path, key: str | None) -> CollectorSettings:
    return CollectorSettings("127.0.0.1", 0, Settings(folder, str(folder), str(folder), folder), key)


@pytest.fixture
def client(key: ec.EllipticCurvePrivateKey, tmp_path: Path) -> Iterator[TestClient]:
    with TestClient(create_app(_settings(tmp_path, _public(key)))) as opened:
        yield opened


def _log(folder: Path) -> list[bytes]:
    return read(folder / "sendgrid")[0]


def test_a_signed_post_is_kept_as_it_was_signed(
    client: TestClient, key: ec.EllipticCurvePrivateKey, tmp_path: Path
) -> None:
    response = client.post(URL, content=BODY, headers=_signed(key, BODY))
    assert (response.status_code, response.json()) == (202, {"accepted": 1})
    (record,) = _log(tmp_path)
    assert BODY in record
    content = json.loads(record)
    assert content["events"] == json.loads(BODY)
    assert abs(content["received_at"] / 1e6 - time.time()) < 60


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ("body", 401), ("signature", 401), ("no signature", 401), ("not base64", 401), ("other key", 401),
        ("timestamp", 401), ("no timestamp", 401), ("old", 401), ("future", 401),
    ],
)  # fmt: skip
def test_anything_else_is_refused(
    client: TestClient, key: ec.EllipticCurvePrivateKey, tmp_path: Path, change: str, status: int
) -> None:
    headers, body, now = _signed(key, BODY), BODY, int(time.time())
    if change == "body":
        body = BODY.replace(b"ann", b"eve")
    elif change == "signature":
        headers[SIGNATURE] = _signed(key, b"[]")[SIGNATURE]
    elif change == "no signature":
        del headers[SIGNATURE]
    elif change == "not base64":
        headers[SIGNATURE] = "%%%"
    elif change == "other key":
        headers = _signed(ec.generate_private_key(ec.SECP256R1()), BODY)
    elif change == "timestamp":
        headers[TIMESTAMP] = str(now - 1)
    elif change == "no timestamp":
        del headers[TIMESTAMP]
    else:
        headers = _signed(key, BODY, str(now - 301 if change == "old" else now + 320))
    assert client.post(URL, content=body, headers=headers).status_code == status
    assert _log(tmp_path) == []


def test_a_post_within_the_window_is_taken_however_often(
    client: TestClient, key: ec.EllipticCurvePrivateKey, tmp_path: Path
) -> None:
    headers = _signed(key, BODY, str(int(time.time()) - 280))
    assert [client.post(URL, content=BODY, headers=headers).status_code for _ in range(2)] == [202, 202]
    assert len(_log(tmp_path)) == 2, "repetitions are the landing's to tell apart, by the event's id"


@pytest.mark.parametrize("body", [b"{}", b"not json", b"[\xff]", b""])
def test_what_is_no_array_of_events_is_refused(
    client: TestClient, key: ec.EllipticCurvePrivateKey, tmp_path: Path, body: bytes
) -> None:
    assert client.post(URL, content=body, headers=_signed(key, body)).status_code == 400
    assert _log(tmp_path) == []


def test_a_post_that_is_too_large_is_refused(
    client: TestClient, key: ec.EllipticCurvePrivateKey, tmp_path: Path
) -> None:
    body = b'["' + b"x" * MAX_BODY + b'"]'
    assert client.post(URL, content=body, headers=_signed(key, body)).status_code == 413
    assert _log(tmp_path) == []


def test_without_a_key_nothing_is_taken(key: ec.EllipticCurvePrivateKey, tmp_path: Path) -> None:
    with TestClient(create_app(_settings(tmp_path, None))) as client:
        assert client.post(URL, content=BODY, headers=_signed(key, BODY)).status_code == 503
        assert client.get("/health").json() == {"status": "ok"}


def test_while_another_process_has_the_log_the_provider_is_asked_to_come_again(
    client: TestClient, key: ec.EllipticCurvePrivateKey, tmp_path: Path
) -> None:
    with LogWriter(tmp_path / "sendgrid"):
        response = client.post(URL, content=BODY, headers=_signed(key, BODY))
        assert (response.status_code, response.headers["retry-after"]) == (503, "5")
    assert client.post(URL, content=BODY, headers=_signed(key, BODY)).status_code == 202
    assert len(_log(tmp_path)) == 1
