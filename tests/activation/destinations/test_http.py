"""What all providers' clients share: waiting, giving up, renewing tokens, and telling nobody's secrets."""

import logging
from collections.abc import Sequence
from typing import Any

import pytest
import requests
from activation.destinations.stand_in import SECRET, Answer, StandIn, route

from perennial.activation.destinations import http
from perennial.activation.destinations.auth import Key, RenewedToken, Token
from perennial.activation.destinations.base import BatchRefusedError, Limits, Window
from perennial.activation.destinations.failures import (
    Problem,
    RefusedError,
    UnavailableError,
    redact,
    seconds,
)
from perennial.activation.destinations.http import Client
from perennial.activation.destinations.wire import Wire
from perennial.activation.limiter import Limiter

LIMITS = Limits(rows=10, bytes=1000, removals=10, windows=[Window(calls=5, seconds=2)], concurrency=1)


class Provider(StandIn):
    """Answers as it is told to."""

    windows = ((5, 2),)

    def empty(self) -> None:
        self.seen: list[requests.PreparedRequest] = []
        self.token = SECRET

    def send(self, request: requests.PreparedRequest, **how: Any) -> requests.Response:  # type: ignore[override]
        self.seen.append(request)
        return super().send(request, **how)

    def authorised(self, request: requests.PreparedRequest) -> bool:
        return self.token in request.headers.get("Authorization", "") or "/file" in str(request.url)

    @route("POST", "/people", upsert=True)
    def people(self, body: Any, query: Any) -> Any:
        return {"taken": body}

    @route("GET", "/bad")
    def bad(self, body: Any, query: Any) -> Any:
        raise Answer(400, {"errors": ["ann@example.com is not liked"]})

    @route("GET", "/away")
    def away(self, body: Any, query: Any) -> Any:
        raise Answer(302, {}, {"Location": "https://elsewhere.example/"})

    @route("GET", "/page")
    def page(self, body: Any, query: Any) -> Any:
        return b"<html>Come back later</html>"

    @route("GET", "/lines")
    def lines(self, body: Any, query: Any) -> Any:
        return b"one\ntwo\n"

    @route("GET", "/file/away")
    def file_away(self, body: Any, query: Any) -> Any:
        raise Answer(302, {}, {"Location": "http://169.254.169.254/latest/meta-data/"})

    @route("GET", "/file")
    def file(self, body: Any, query: Any) -> Any:
        return {"refused": 1}


class Ours(Client):
    """A client of it."""

    title = "Provider"
    hints = {401: "check the key"}

    def problems(self, response: requests.Response) -> list[Problem]:
        return [Problem(text, row) for row, text in enumerate(response.json()["errors"])]


@pytest.fixture
def provider() -> Provider:
    return Provider()


def client(provider: Provider, auth: Key | None = None) -> Ours:
    clock = provider.clock
    wire = Wire(sleep=clock.sleep, clock=clock, adapter=provider)
    return Ours("https://provider.example", auth or Key(f"Bearer {SECRET}"), LIMITS, wire, {})


class Together:
    """Stands for limits that are kept together with others; it is the room as well."""

    inside = 0

    def limiter(self, operation: str, windows: Sequence[Window]) -> Limiter:
        return Limiter(windows)

    def room(self, most: int) -> "Together":
        assert most == LIMITS.concurrency
        return self

    def __enter__(self) -> None:
        self.inside += 1

    def __exit__(self, *_: object) -> None:
        self.inside -= 1


def test_each_request_has_a_place_while_it_is_under_way(provider: Provider) -> None:
    together, seen = Together(), list[int]()
    provider.checks = lambda _: seen.append(together.inside)
    wire = Wire(adapter=provider, limits=together)
    ours = Ours("https://provider.example", Key(f"Bearer {SECRET}"), LIMITS, wire, {})
    ours.call("POST", "/people", [1])
    assert (seen, together.inside) == ([1], 0)
    lines = ours.lines("/lines")
    next(lines)
    assert together.inside == 1, "what is read bit by bit has its place until it is read"
    list(lines)
    assert (seen, together.inside) == ([1, 1], 0)


@pytest.mark.parametrize(("headers", "waits"), [({"Retry-After": "7"}, 14), ({}, 1 + 2)])
def test_a_rate_limit_is_waited_out_as_long_as_it_says(
    provider: Provider, headers: dict[str, str], waits: float
) -> None:
    provider.fault(status=429, headers=headers, times=2)
    assert client(provider).call("POST", "/people", [1]) == {"taken": [1]}
    assert waits <= provider.clock.now < waits + 0.5


def test_a_long_wait_is_left_to_the_caller(provider: Provider) -> None:
    provider.fault(status=503, headers={"Retry-After": "31"})
    with pytest.raises(UnavailableError, match="Provider POST /people: status 503") as error:
        client(provider).call("POST", "/people", [1])
    assert error.value.retry_after == 31
    assert provider.clock.now < 1


def test_what_must_not_be_done_twice_is_not_repeated_after_a_time_out(provider: Provider) -> None:
    provider.fault(delay=1)
    with pytest.raises(UnavailableError, match="ReadTimeout"):
        client(provider).call("POST", "/people", [1], repeatable=False)
    assert provider.upserts == 1
    provider.fault(delay=1)
    assert client(provider).call("POST", "/people", [1]) == {"taken": [1]}
    assert provider.upserts == 3


def test_declared_windows_are_never_exceeded(provider: Provider) -> None:
    ours = client(provider)
    for _ in range(20):
        ours.call("POST", "/people", [1])
    assert provider.throttled == 0
    assert 6 <= provider.clock.now < 8, "and not waited longer than they ask for"


def test_no_server_is_transient() -> None:
    wire = Wire(sleep=lambda seconds: None)
    with pytest.raises(UnavailableError, match="ConnectionError"):
        Ours("http://127.0.0.1:1", Key("k"), LIMITS, wire, {}).call("GET", "/people")


def test_a_token_is_renewed_before_it_expires_and_after_a_401(provider: Provider) -> None:
    provider.token = "first"
    fetched: list[str] = []

    def fetch() -> Token:
        fetched.append(provider.token)
        return Token(provider.token, 1200)

    ours = client(provider, RenewedToken(fetch, provider.clock))
    ours.call("GET", "/file")
    ours.call("POST", "/people", [1])
    assert fetched == ["first"]
    provider.token = "second"
    ours.call("POST", "/people", [1])
    assert fetched == ["first", "second"]
    provider.clock.sleep(1141)
    ours.call("POST", "/people", [1])
    assert fetched == ["first", "second", "second"]


def test_a_fixed_key_that_is_refused_is_terminal_and_says_what_to_do(provider: Provider) -> None:
    provider.token = "another"
    with pytest.raises(RefusedError, match=r"status 401: .*; check the key"):
        client(provider).call("POST", "/people", [1])
    assert len(provider.seen) == 1


def test_a_redirect_is_refused(provider: Provider) -> None:
    with pytest.raises(RefusedError, match="status 302"):
        client(provider).call("GET", "/away")
    assert len(provider.seen) == 1


def test_an_answer_that_is_no_json_is_transient(provider: Provider) -> None:
    with pytest.raises(UnavailableError, match="GET /page: the answer is no JSON"):
        client(provider).call("GET", "/page")


def test_large_answers_are_read_line_by_line(provider: Provider) -> None:
    assert list(client(provider).lines("/lines")) == ["one", "two"]
    with pytest.raises(BatchRefusedError):
        next(client(provider).lines("/bad"))


def test_files_are_fetched_without_credentials(provider: Provider) -> None:
    assert client(provider).download("https://files.example/file") == b'{"refused": 1}'
    assert "Authorization" not in provider.seen[0].headers
    with pytest.raises(RefusedError, match="without https"):
        client(provider).download("http://files.example/file")


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "169.254.169.254", "10.0.0.1", "[::1]", "[fe80::1%25eth0]", "[::ffff:169.254.169.254]",
     "localhost", "metadata.google.internal", "printer.local.", "0.0.0.0", "100.64.0.1"],
)  # fmt: skip
def test_an_answer_leads_to_no_neighbour(provider: Provider, host: str) -> None:
    with pytest.raises(RefusedError, match="not public"):
        client(provider).download(f"https://{host}/file")
    assert provider.seen == []


def test_a_file_that_is_elsewhere_by_now_is_not_followed(provider: Provider) -> None:
    with pytest.raises(RefusedError, match="status 302"):
        client(provider).download("https://files.example/file/away")
    assert len(provider.seen) == 1


def test_a_file_has_a_greatest_length(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "LARGEST_FILE", 10)
    with pytest.raises(RefusedError, match="more than 10 bytes"):
        client(provider).download("https://files.example/file")


def test_what_is_hidden_takes_time_by_its_length_alone() -> None:
    """A pattern that begins anew at each letter takes a quarter of an hour for this."""
    assert redact("x" * 1_000_000) == "x" * 200
    assert redact("GET /people/ann%40example.com").endswith("…@…")


def test_neither_secrets_nor_addresses_are_told(provider: Provider, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(BatchRefusedError) as error:
        client(provider).call("GET", "/bad")
    assert error.value.rows == {0: "…@… is not liked"}
    assert SECRET not in caplog.text + str(error.value) + repr(vars(error.value))
    assert "ann@" not in str(error.value)


def test_messages_hold_no_addresses() -> None:
    assert redact('{"email": "ann@example.com is not <bob@example.com>"}').count("@") == 2
    assert "ann" not in redact("email 'ann@example.com' is bad")
    assert "9f" not in redact("/lists/1/members/9f1d5a5e9c1f0f7f8a3d0e6b7c8d9e0f")
    assert len(redact("x" * 1000)) == 200


def test_a_wait_is_told_in_seconds_or_by_date() -> None:
    assert seconds("7") == 7
    assert seconds("0.5") == 0.5
    assert seconds("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert seconds("Fri, 21 Oct 2095 07:28:00 GMT") > 1e9  # type: ignore[operator]
    assert seconds("") is seconds("soon") is None
