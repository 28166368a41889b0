"""Messages: what is acknowledged is in the log, byte for byte; what is refused is not."""

import gzip
import json
import uuid
from datetime import datetime
from typing import Any

import pytest
from starlette.testclient import TestClient

from perennial.collector.app import create_app
from perennial.collector.limits import Limits

from .place import GOOD, Place

ONE, MANY = "/collection/orders", "/collection/batch/orders"
LINES = {"content-type": "application/x-ndjson"}


def test_a_message_is_kept_as_it_was_sent(client: TestClient, place: Place) -> None:
    response = client.post(ONE, content=b" " + GOOD + b"\r\n", headers=place.headers())
    answer = response.json()
    assert (response.status_code, answer["dataset"], answer["status"]) == (202, "orders", "accepted")
    (record,) = place.kept()
    assert (record.body, record.source, record.id) == (b" " + GOOD + b"\r\n", "shop", answer["id"])
    assert uuid.UUID(record.id).version == 7
    received = datetime.fromisoformat(answer["received_at"])
    assert received.timestamp() * 1e6 == pytest.approx(record.received_at, abs=1)


@pytest.mark.parametrize("format", ["array", "lines"])
def test_many_messages_are_kept_as_they_were_sent(client: TestClient, place: Place, format: str) -> None:
    messages = [b'{"n": %d, "text": "\xc3\xa4"}' % number for number in range(500)]
    if format == "array":
        body, headers = b'{"messages": [' + b" ,\n".join(messages) + b"]}", place.headers()
    else:
        body, headers = b"\n".join([*messages, b""]), place.headers(**LINES)
    response = client.post(MANY, content=body, headers=headers)
    answer = response.json()
    assert (response.status_code, answer["messages"]) == (202, 500)
    kept = place.kept()
    assert [record.body for record in kept] == messages
    assert [record.id for record in kept] == answer["ids"] == sorted(set(answer["ids"]))


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", "not_json"), (b"not json", "not_json"), (b'{"a": 1', "not_json"), (b'{"a": NaN}', "not_json"),
        (b"[1]", "not_an_object"), (b"7", "not_an_object"), (b"null", "not_an_object"),
        (b'{"a": "\xff"}', "not_utf8"), (b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}", "not_json"),
    ],
)  # fmt: skip
def test_what_is_no_json_object_is_refused(client: TestClient, place: Place, body: bytes, error: str) -> None:
    response = client.post(ONE, content=body, headers=place.headers())
    assert (response.status_code, response.json()["error"]) == (400, error)
    for number, good in enumerate([body, b"{}\n\n" + body] if body else []):
        response = client.post(MANY, content=good, headers=place.headers(**LINES))
        assert (response.status_code, response.json()["error"]) == (400, error)
        assert f"message {number}" in response.json()["detail"]
    assert place.kept() == []


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b'{"messages": [{}, 3]}', "not_an_object"), (b'{"messages": []}', "no_messages"),
        (b'{"messages": {}}', "not_json"), (b"[{}]", "not_json"), (b"{}", "not_json"),
        (b'{"messages": [{}], "x": 1}', "not_json"),
    ],
)  # fmt: skip
def test_of_many_messages_all_are_taken_or_none(
    client: TestClient, place: Place, body: bytes, error: str
) -> None:
    response = client.post(MANY, content=body, headers=place.headers())
    assert (response.status_code, response.json()["error"]) == (400, error)
    assert place.kept() == []


def test_a_sender_who_asks_is_told_at_once_that_a_message_is_good(client: TestClient, place: Place) -> None:
    response = client.post(f"{ONE}?sync=true", content=GOOD, headers=place.headers())
    assert (response.status_code, response.json()["status"]) == (200, "accepted")
    assert len(place.kept()) == 1


def test_a_sender_who_asks_is_told_what_is_wrong_and_nothing_is_lost(
    client: TestClient, place: Place
) -> None:
    wrong: dict[str, Any] = {"amount": -1, "channel": "fax", "order_id": "7"}
    response = client.post(f"{ONE}?sync=true", content=json.dumps(wrong), headers=place.headers())
    answer = response.json()
    assert (response.status_code, answer["kept"]) == (400, True)
    assert {(each["field"], each["reason"].split()[0]) for each in answer["violations"]} == {
        ("event_time", "required,"), ("order_id", "does"), ("amount", "below"), ("channel", "not"),
    }  # fmt: skip
    assert [record.id for record in place.kept()] == [answer["id"]]


def test_five_violations_are_told(client: TestClient, place: Place) -> None:
    wrong = dict.fromkeys("abcdefgh", 1)
    response = client.post(f"{ONE}?sync=true", content=json.dumps(wrong), headers=place.headers())
    assert len(response.json()["violations"]) == 5


@pytest.mark.parametrize("address", [f"{ONE}?sync=perhaps", f"{ONE}?x=1", f"{MANY}?sync=true"])
def test_other_questions_are_refused(client: TestClient, place: Place, address: str) -> None:
    response = client.post(address, content=GOOD, headers=place.headers())
    assert (response.status_code, response.json()["error"]) == (400, "bad_query")
    assert place.kept() == []


@pytest.mark.parametrize("name", ["stock", "nothing", "batch", "orders/", "%2e%2e/orders", "%00"])
def test_a_dataset_that_takes_no_messages_is_named_with_those_that_do(
    client: TestClient, place: Place, name: str
) -> None:
    response = client.post(f"/collection/{name}", content=GOOD, headers=place.headers())
    assert (response.status_code, response.json()["error"]) == (404, "unknown_dataset")
    assert "orders" in response.json()["detail"]


def test_other_methods_and_types_are_refused(client: TestClient, place: Place) -> None:
    response = client.get(ONE, headers=place.headers())
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    for address in (ONE, MANY):
        response = client.post(address, content=GOOD, headers=place.headers(**{"content-type": "text/csv"}))
        assert (response.status_code, response.json()["error"]) == (415, "unsupported_type")
    response = client.post(ONE, content=GOOD, headers=place.headers(**{"content-encoding": "br"}))
    assert (response.status_code, response.json()["error"]) == (415, "unsupported_encoding")
    assert place.kept() == []


def test_packed_bodies_are_unpacked(client: TestClient, place: Place) -> None:
    packed = place.headers(**{"content-encoding": "gzip"})
    in_two = gzip.compress(GOOD[:20]) + gzip.compress(GOOD[20:])
    assert client.post(ONE, content=in_two, headers=packed).status_code == 202
    assert [record.body for record in place.kept()] == [GOOD]
    for broken in (GOOD, in_two[:-3], in_two + b"x"):
        response = client.post(ONE, content=broken, headers=packed)
        assert (response.status_code, response.json()["error"]) == (400, "not_gzip")
    assert len(place.kept()) == 1


def test_sizes_are_refused_with_limit_and_size(place: Place) -> None:
    limits = Limits(message_bytes=1000, batch_bytes=5000, batch_messages=10)
    large = b'{"a": "' + b"x" * 1200 + b'"}'
    bomb = gzip.compress(b'{"a": "' + b" " * 50_000_000 + b'"}')
    cases = [
        (ONE, large, {}, 1000, len(large)),
        (ONE, bomb[:900], {"content-encoding": "gzip"}, 1000, None),
        (MANY, b'{"messages": [{},' + large + b"]}", {}, 1000, len(large)),
        (MANY, b'{"messages": [' + b",".join([b"{}"] * 11) + b"]}", {}, 10, 11),
        (MANY, large * 5, {}, 5000, len(large) * 5),
    ]
    with TestClient(create_app(place.settings(limits))) as client:
        for address, body, headers, limit, size in cases:
            response = client.post(address, content=body, headers=place.headers(**headers))
            answer = response.json()
            found = (response.status_code, answer["error"], answer["limit"], answer["size"])
            assert found == (413, "too_large", limit, size)
            assert f"{limit:,}" in answer["detail"]
        text = client.get("/metrics").text
    assert 'perennial_collector_refused_total{reason="too_large"} 5' in text
    assert "perennial_collector_pending_bytes 0" in text
    assert place.kept() == []


def test_what_happened_is_counted(client: TestClient, place: Place) -> None:
    for _ in range(3):
        client.post(ONE, content=GOOD, headers=place.headers())
    client.post(ONE, content=b"", headers=place.headers())
    lines = client.get("/metrics").text.splitlines()
    assert 'perennial_collector_messages_total{dataset="orders"} 3' in lines
    assert 'perennial_collector_refused_total{reason="not_json"} 1' in lines
    assert "perennial_collector_commits_total 3" in lines
    assert client.get("/ready").json() == {"status": "ready", "problems": []}
