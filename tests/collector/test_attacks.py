"""Whoever comes without a token or a signature gets nothing, and costs little."""

import gzip
import json
import logging
import re
import time

import pytest
import yaml
from starlette.testclient import TestClient

from perennial.collector import tokens as tokens_module
from perennial.collector.__main__ import SERVER
from perennial.collector.app import OPENAPI, create_app
from perennial.collector.tokens import Tokens

from .place import GOOD, Place

PATHS = yaml.safe_load(OPENAPI.read_text())["paths"]
"""Every address: `test_openapi` checks that the document has those of the application, and no other."""
ADDRESSES = [(path, verb.upper()) for path, verbs in PATHS.items() for verb in verbs if verb != "parameters"]
OPEN = {"/health": 200, "/ready": 200, "/metrics": 200, "/openapi.json": 200}
"""What anybody may see, who reaches the port."""
SIGNED = {"/webhooks/": {503, 200}, "/o/": {503}, "/c/": {503}, "/u/": {503}}
"""What is asked for a signature in place of a token; here nobody has set a key."""


def expected(path: str) -> set[int]:
    return next(
        (answers for begin, answers in SIGNED.items() if path.startswith(begin)), {OPEN.get(path, 401)}
    )


def test_every_address_asks_who_is_there(client: TestClient, place: Place) -> None:
    for path, method in ADDRESSES:
        address = re.sub(r"{\w+}", "orders", path)
        for headers in ({}, {"authorization": "Bearer pct_made_up"}):
            response = client.request(method, address, headers=headers, content=GOOD, follow_redirects=False)
            assert response.status_code in expected(path), (method, path, response.text)
            assert not any(token in response.text for token in place.tokens.values())
    assert place.kept() == []
    assert not [*(place.root / "staging").glob("*")]


def test_a_body_of_many_small_archives_takes_no_time(place: Place) -> None:
    """They are unpacked before the signature is known to be wrong."""
    many = gzip.compress(b"") * 200_000
    keys = {"customer_io": ("key",)}
    with TestClient(create_app(place.settings(None, **keys))) as client:
        begun = time.process_time()
        response = client.post("/webhooks/customer_io", content=many, headers={"content-encoding": "gzip"})
        took = time.process_time() - begun
    assert (response.status_code, response.json()["error"]) == (400, "not_gzip")
    assert took < 2


def test_archives_of_some_parts_are_taken(client: TestClient, place: Place) -> None:
    packed = b"".join(gzip.compress(GOOD[at : at + 1]) for at in range(len(GOOD)))
    headers = place.headers(**{"content-encoding": "gzip"})
    assert client.post("/collection/orders", content=packed, headers=headers).status_code == 202
    assert place.kept()[0].body == GOOD


def test_one_token_in_many_spellings_fills_no_memory(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens_module, "KNOWN", 10)
    known = Tokens(place.root / "tokens.yaml")
    for spaces in range(1, 40):
        sent = b"Bearer" + b" " * spaces + place.tokens["shop"].encode()
        assert known.sender(sent).name == "shop"
    assert len(known._known) == 10


def test_unsigned_requests_do_not_fill_the_log(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    asked = json.dumps({"callbackId": "c", "verificationKey": "v"})
    with caplog.at_level(logging.INFO), TestClient(create_app(place.settings())) as client:
        for _ in range(50):
            assert client.post("/webhooks/salesforce", content=asked).status_code == 200
        large = json.dumps({"callbackId": "c" * 5000, "verificationKey": "v"})
        assert client.post("/webhooks/salesforce", content=large).status_code == 503
    told = [record for record in caplog.records if "asks who is there" in record.getMessage()]
    assert 10 <= len(told) <= 20


def test_neither_tokens_nor_people_come_into_the_log(
    client: TestClient, place: Place, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    person = "canary.person@example.com"
    told = ""
    with caplog.at_level(logging.DEBUG):
        for headers in (place.headers(), {"authorization": "Bearer pct_canary_secret"}):
            for body in (GOOD.replace(b"o-1", person.encode()), b'{"x": "' + person.encode(), b"\xff"):
                for path in ("/collection/orders?sync=true", f"/collection/{person}", f"/batches/{person}"):
                    client.post(path, content=body, headers=headers)
            told += client.get("/metrics").text
    # The client's own loggers tell what it asks for; they are not the collector's.
    logged = [each.getMessage() for each in caplog.records if not each.name.startswith(("httpx", "httpcore"))]
    said = "\n".join([*logged, *capfd.readouterr(), told])
    for secret in ("canary", *place.tokens.values()):
        assert secret not in said
    assert SERVER["access_log"] is False, "addresses of links say who is meant"
