"""The webhook receivers: only what the provider signed just now is taken, and what is taken is on disk."""

import base64
import hmac
import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.testclient import TestClient

from perennial.collector.app import create_app
from perennial.collector.settings import CollectorSettings
from perennial.collector.signatures import CustomerIo, Mailchimp, Salesforce, SendGrid
from perennial.collector.webhooks import MAX_BODY
from perennial.errors import TerminalError
from perennial.responses.log import webhook_log
from perennial.settings import Settings

KEY = "signing-key-of-tests"
CURVE_KEY, OTHER_CURVE_KEY = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
Headers = dict[str, str]
New = Callable[["Case"], list[bytes]]


def public(key: ec.EllipticCurvePrivateKey) -> str:
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def ecdsa(body: bytes, at: str, key: str) -> Headers:
    private = CURVE_KEY if key == public(CURVE_KEY) else OTHER_CURVE_KEY
    signature = private.sign(at.encode() + body, ec.ECDSA(hashes.SHA256()))
    return {SendGrid.SIGNATURE: base64.b64encode(signature).decode(), SendGrid.TIMESTAMP: at}


def customer_io(body: bytes, at: str, key: str) -> Headers:
    signature = hmac.new(key.encode(), f"v0:{at}:".encode() + body, sha256).hexdigest()
    return {CustomerIo.SIGNATURE: signature, CustomerIo.TIMESTAMP: at}


def mailchimp(body: bytes, at: str, key: str) -> Headers:
    signature = hmac.new(key.encode(), f"{at}.".encode() + body, sha256).hexdigest()
    return {Mailchimp.SIGNATURE: f"t={at},v1={'0' * 64},v1={signature}"}


def salesforce(body: bytes, at: str, key: str) -> Headers:
    return {Salesforce.SIGNATURE: base64.b64encode(hmac.digest(key.encode(), body, sha256)).decode()}


@dataclass(frozen=True)
class Case:
    """A provider's post, and how it is signed."""

    name: str
    sign: Callable[[bytes, str, str], Headers]
    body: bytes
    kept: list
    status: int = 200
    key: str = KEY
    other: str = "another-key"
    timed: bool = True
    wrong: tuple[bytes, ...] = (b"not json", b"\xff", b"", b"5", b"[" * 100_000)

    @property
    def url(self) -> str:
        return f"/webhooks/{self.name}"

    def headers(self, body: bytes | None = None, ago: int = 0, key: str | None = None) -> Headers:
        return self.sign(self.body if body is None else body, str(int(time.time()) - ago), key or self.key)


EVENT = b'{"metric": "opened",\n "data": {"recipient": "ann@example.com"}} '
FORM = b"type=unsubscribe&data%5Bemail%5D=ann%40example.com&data[reason]=&fired_at=2026-01-01+10:00:00"
FIELDS = {
    "type": "unsubscribe",
    "data[email]": "ann@example.com",
    "data[reason]": "",
    "fired_at": "2026-01-01 10:00:00",
}
CASES = [
    Case(
        "sendgrid", ecdsa, b'[ {"event": "open",\n "email": "ann@example.com"} ]\r\n',
        [{"event": "open", "email": "ann@example.com"}],
        status=202, key=public(CURVE_KEY), other=public(OTHER_CURVE_KEY),
        wrong=(b"{}", b"not json", b"[\xff]", b""),
    ),
    Case("customer_io", customer_io, EVENT, [json.loads(EVENT)], wrong=(b"[]", b"not json", b"\xff", b"")),
    Case(
        "mailchimp", mailchimp, FORM, [FIELDS],
        wrong=(b"", b"type=", b"\xff", b"type=%ff", b"type=a" + b"&a=1" * 1000),
    ),
    Case("salesforce", salesforce, b" [%b, %b]" % (EVENT, EVENT), [json.loads(EVENT)] * 2, timed=False),
]  # fmt: skip
each = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, Path]]:
    folder = tmp_path_factory.mktemp("shared")
    with TestClient(create_app(settings(folder, {case.name: (case.key,) for case in CASES}))) as opened:
        yield opened, folder


@pytest.fixture
def client(shared: tuple[TestClient, Path]) -> TestClient:
    return shared[0]


@pytest.fixture
def new(shared: tuple[TestClient, Path]) -> New:
    """What was kept since the test began."""
    before = {case.name: len(kept(shared[1], case)) for case in CASES}
    return lambda case: kept(shared[1], case)[before[case.name] :]


def settings(folder: Path, keys: Mapping[str, tuple[str, ...]]) -> CollectorSettings:
    return CollectorSettings("127.0.0.1", 0, Settings(folder, str(folder), str(folder), folder), keys)


def kept(folder: Path, case: Case) -> list[bytes]:
    log = webhook_log(folder)
    return [
        record
        for partition in log.partitions(case.name)
        for record in log.read(case.name, partition, 0, 1 << 24)[0]
    ]


@each
def test_a_signed_post_is_kept(client: TestClient, new: New, case: Case) -> None:
    response = client.post(case.url, content=case.body, headers=case.headers())
    assert (response.status_code, response.json()) == (case.status, {"accepted": len(case.kept)})
    (record,) = new(case)
    content = json.loads(record)
    assert content["events"] == case.kept
    assert abs(content["received_at"] / 1e6 - time.time()) < 60
    if case.name != "mailchimp":
        assert case.body in record, "as it was signed"


@each
@pytest.mark.parametrize("change", ["body", "key", "old", "future", "nothing", "letters", "digits"])
def test_anything_else_is_refused(client: TestClient, new: New, case: Case, change: str) -> None:
    body, headers = case.body, case.headers()
    if change == "body":
        body = body.replace(b"ann", b"eve")
    elif change == "key":
        headers = case.headers(key=case.other)
    elif change in ("old", "future"):
        if not case.timed:
            pytest.skip("signs no time")
        headers = case.headers(ago=301 if change == "old" else -320)
    elif change == "nothing":
        headers = {}
    else:
        headers = dict.fromkeys(headers, "ä" if change == "letters" else "9" * 5000)
    response = client.post(
        case.url, content=body, headers={name.encode(): value.encode() for name, value in headers.items()}
    )
    assert (response.status_code, response.json()["error"]) == (401, "unauthorized")
    assert new(case) == []


@pytest.mark.parametrize("case", [case for case in CASES if case.timed], ids=lambda case: case.name)
def test_the_time_is_signed_too(client: TestClient, new: New, case: Case) -> None:
    old, now = case.headers(ago=200), str(int(time.time()))
    at = str(int(time.time()) - 200)
    forged = {name: value.replace(at, now) for name, value in old.items()}
    assert forged != old
    assert client.post(case.url, content=case.body, headers=forged).status_code == 401
    assert new(case) == []


@each
def test_a_post_within_the_window_is_taken_however_often(client: TestClient, new: New, case: Case) -> None:
    headers = case.headers(ago=280)
    statuses = [client.post(case.url, content=case.body, headers=headers).status_code for _ in range(2)]
    assert statuses == [case.status] * 2
    assert len(new(case)) == 2, "repetitions are the landing's to tell apart, by the event's id"


@each
def test_what_is_no_post_of_theirs_is_refused(client: TestClient, new: New, case: Case) -> None:
    for body in case.wrong:
        response = client.post(case.url, content=body, headers=case.headers(body))
        assert response.status_code == 400, body[:20]
    assert new(case) == []


@each
def test_a_post_that_is_too_large_is_refused(client: TestClient, new: New, case: Case) -> None:
    body = b'["' + b"x" * MAX_BODY + b'"]'
    assert client.post(case.url, content=body, headers=case.headers(body)).status_code == 413
    assert new(case) == []


@each
def test_without_a_key_nothing_is_taken(tmp_path: Path, case: Case) -> None:
    with TestClient(create_app(settings(tmp_path, {}))) as client:
        response = client.post(case.url, content=case.body, headers=case.headers())
        assert response.status_code == 503
        assert f"PERENNIAL_{case.name.upper()}_WEBHOOK_KEY" in response.json()["detail"]
        assert client.get("/health").json() == {"status": "ok"}


@each
def test_the_old_key_and_the_new_one_are_good_while_they_are_exchanged(tmp_path: Path, case: Case) -> None:
    with TestClient(create_app(settings(tmp_path, {case.name: (case.other, case.key)}))) as client:
        for key in (case.key, case.other):
            headers = case.headers(key=key)
            assert client.post(case.url, content=case.body, headers=headers).status_code == case.status
    with TestClient(create_app(settings(tmp_path, {case.name: (case.other,)}))) as client:
        assert client.post(case.url, content=case.body, headers=case.headers()).status_code == 401


def test_keys_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERENNIAL_CUSTOMER_IO_WEBHOOK_KEY", "old, new,")
    monkeypatch.delenv("PERENNIAL_SALESFORCE_WEBHOOK_KEY", raising=False)
    found = CollectorSettings.from_env()
    assert (found.webhook_keys["customer_io"], found.webhook_keys["salesforce"]) == (("old", "new"), ())
    assert "new" not in repr(found)


@pytest.mark.parametrize("key", ["%%%", "AAAA"])
def test_what_can_be_no_key_ends_the_start(tmp_path: Path, key: str) -> None:
    with pytest.raises(TerminalError, match="public key"):
        create_app(settings(tmp_path, {"sendgrid": (key,)}))


@each
def test_several_processes_write_side_by_side(tmp_path: Path, case: Case) -> None:
    here = settings(tmp_path, {case.name: (case.key,)})
    with TestClient(create_app(here)) as first, TestClient(create_app(here)) as second:
        for client in (first, second):
            response = client.post(case.url, content=case.body, headers=case.headers())
            assert response.status_code == case.status
        assert webhook_log(tmp_path).partitions(case.name) == [0, 1]
    assert len(kept(tmp_path, case)) == 2


def test_mailchimp_asks_if_the_address_is_there(client: TestClient) -> None:
    assert client.get("/webhooks/mailchimp").status_code == 200
    assert client.get("/webhooks/customer_io").status_code == 405


def test_salesforce_asks_before_it_has_a_key(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    asked = b'{"callbackId": "c-1", "verificationKey": "v-1\\n2026 forged line"}'
    with caplog.at_level(logging.WARNING), TestClient(create_app(settings(tmp_path, {}))) as client:
        response = client.post("/webhooks/salesforce", content=asked)
        assert (response.status_code, response.json()) == (200, {"accepted": 0})
        for other in (
            asked[:-1] + b', "more": 1}',
            b'{"callbackId": 1, "verificationKey": "v"}',
            b"[]",
            b"x",
        ):
            assert client.post("/webhooks/salesforce", content=other).status_code == 503
    (told,) = [record.getMessage() for record in caplog.records]
    assert '"callbackId": "c-1", "verificationKey": "v-1\\n2026 forged line"' in told
    assert "\n" not in told
    assert webhook_log(tmp_path).partitions("salesforce") == []
