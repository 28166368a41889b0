"""The collector as a process: slow and huge senders, signals, several side by side."""

import json
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import requests
from esp_process import until

from .place import GOOD, Place, Running

URL = "/collection/orders"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place.make(tmp_path_factory.mktemp("shared"))


@pytest.fixture(scope="module")
def running(shared: Place) -> Iterator[Running]:
    with shared.running(
        PERENNIAL_COLLECTOR_BODY_SECONDS="1", PERENNIAL_COLLECTOR_HEAD_SECONDS="1"
    ) as collector:
        yield collector


@contextmanager
def connected(collector: Running) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", collector.port), timeout=10) as connection:
        yield connection


def head(place: Place, length: int, more: str = "") -> bytes:
    """A request without its body."""
    fields = "".join(f"{name}: {value}\r\n" for name, value in place.headers().items())
    return f"POST {URL} HTTP/1.1\r\nhost: x\r\n{fields}content-length: {length}\r\n{more}\r\n".encode()


def answer(connection: socket.socket) -> tuple[int, dict]:
    """Status and JSON of one answer."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    top, _, body = received.partition(b"\r\n\r\n")
    length = int(top.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65536)
    return int(top.split()[1]), json.loads(body)


def test_a_body_that_does_not_come_is_not_waited_for(running: Running, shared: Place) -> None:
    with connected(running) as connection:
        connection.sendall(head(shared, 100) + b'{"a":')
        status, told = answer(connection)
        assert (status, told["error"]) == (408, "too_slow")
        assert connection.recv(100) == b"", "and the connection is closed"


def ends(connection: socket.socket) -> bytes:
    """What still comes until the other side ends the connection; it has ten seconds for that."""
    received = b""
    with suppress(ConnectionError):
        while piece := connection.recv(1 << 20):
            received += piece
    return received


@pytest.mark.parametrize(
    "said",
    [b"", b"GET /health HTT", b"GET /health HTTP/1.1\r\nhost: x\r\n",
     b"GET /health HTTP/1.1\r\nhost: x\r\n\r\nGET /hea"],
)  # fmt: skip
def test_a_request_that_does_not_come_is_not_waited_for(running: Running, said: bytes) -> None:
    """Slowloris: many senders who begin, and never end, would take all connections."""
    with connected(running) as connection:
        connection.sendall(said)
        received = ends(connection)
    assert received.count(b"HTTP/1.1 200") == said.count(b"\r\n\r\n")


def test_a_sender_who_dribbles_has_no_more_time(running: Running) -> None:
    with connected(running) as connection:
        begun = time.monotonic()
        connection.sendall(b"GET /health HTTP/1.1\r\n")
        with suppress(ConnectionError):
            while time.monotonic() < begun + 10:
                connection.sendall(b"x: y\r\n")
                time.sleep(0.05)
        assert time.monotonic() < begun + 10


@pytest.mark.parametrize(
    "head",
    [b"GET /health HTTP/1.1\r\nx: ", b"GET /", b"POST /webhooks/sendgrid HTTP/1.1\r\nhost: x\r\n"
     b"transfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nx: "],
    ids=["header", "address", "trailer"],
)  # fmt: skip
def test_lines_without_an_end_are_not_gathered(running: Running, head: bytes) -> None:
    memory = Path(f"/proc/{running.process.pid}/statm")
    before = int(memory.read_text().split()[1])
    sent = 0
    with connected(running) as connection:
        connection.sendall(head)
        with suppress(ConnectionError):
            while sent < 100_000_000:
                connection.sendall(b"a" * 1_000_000)
                sent += 1_000_000
    assert sent < 100_000_000
    assert int(memory.read_text().split()[1]) - before < 10_000_000 // 4096
    assert requests.get(f"{running.url}/health", timeout=10).status_code == 200


def test_a_head_that_is_too_long_is_told(running: Running) -> None:
    response = requests.get(f"{running.url}/health", headers={"x": "a" * 600_000}, timeout=10)
    assert (response.status_code, response.json()["error"]) == (431, "too_large")


def test_a_huge_body_is_refused_before_it_is_sent(running: Running, shared: Place) -> None:
    with connected(running) as connection:
        connection.sendall(head(shared, 10**12))
        status, told = answer(connection)
        assert (status, told["limit"], told["size"]) == (413, 1024 * 1024, 10**12)


def test_a_sender_who_does_not_look_up_is_still_told(running: Running, shared: Place) -> None:
    response = requests.post(running.url + URL, data=b"x" * 30_000_000, headers=shared.headers(), timeout=20)
    assert (response.status_code, response.json()["size"]) == (413, 30_000_000)


def test_a_body_of_unknown_length_is_limited_too(running: Running, shared: Place) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(40):
            yield b"x" * 65536

    response = requests.post(running.url + URL, data=endless(), headers=shared.headers(), timeout=20)
    assert (response.status_code, response.json()["size"]) == (413, None)


def test_a_sender_who_leaves_leaves_nothing_behind(running: Running, shared: Place) -> None:
    with connected(running) as connection:
        connection.sendall(head(shared, 100_000) + b'{"a":' + b" " * 50_000)
    until(lambda: "pending_bytes 0\n" in requests.get(f"{running.url}/metrics", timeout=5).text)


def test_many_connections_each_get_what_is_theirs(running: Running, shared: Place) -> None:
    def send(sender: int) -> dict[str, str]:
        with requests.Session() as session:
            sent = {}
            for number in range(20):
                body = json.dumps({"order_id": f"o-{sender}-{number}"})
                response = session.post(running.url + URL, data=body, headers=shared.headers(), timeout=20)
                assert response.status_code == 202
                sent[response.json()["id"]] = body
            return sent

    with ThreadPoolExecutor(8) as pool:
        sent = {id: body for each in pool.map(send, range(8)) for id, body in each.items()}
    kept = {record.id: record.body.decode() for record in shared.kept()}
    assert len(sent) == 160
    assert kept.items() >= sent.items()


def test_it_stops_when_what_is_under_way_is_answered(place: Place) -> None:
    with place.running() as collector, connected(collector) as connection:
        connection.sendall(head(place, len(GOOD)) + GOOD[:10])
        time.sleep(0.2)
        collector.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert collector.process.poll() is None, "it waits"
        connection.sendall(GOOD[10:])
        status, told = answer(connection)
        collector.process.wait(timeout=10)
    assert status == 202
    assert [record.id for record in place.kept()] == [told["id"]]


def test_killed_it_has_what_it_acknowledged(place: Place) -> None:
    acknowledged: list[str] = []

    def send(url: str) -> None:
        with requests.Session() as session:
            while True:
                try:
                    response = session.post(url + URL, data=GOOD, headers=place.headers(), timeout=5)
                except requests.RequestException:
                    return
                acknowledged.append(response.json()["id"])

    for _ in range(2):
        with place.running() as collector:
            senders = [threading.Thread(target=send, args=(collector.url,)) for _ in range(4)]
            enough = len(acknowledged) + 100
            for sender in senders:
                sender.start()
            until(lambda enough=enough: len(acknowledged) > enough)  # type: ignore[misc]
            collector.process.kill()
            for sender in senders:
                sender.join()
    kept = [record.id for record in place.kept()]
    assert len(kept) == len(set(kept))
    assert set(acknowledged) <= set(kept)
    assert len(kept) <= len(acknowledged) + 8


def test_several_write_side_by_side(place: Place) -> None:
    with place.running() as first, place.running() as second:
        for collector in (first, second, first):
            response = requests.post(collector.url + URL, data=GOOD, headers=place.headers(), timeout=5)
            assert response.status_code == 202
    assert place.log.partitions("orders") == [0, 1]
    assert len(place.kept()) == 3


def test_a_wrong_setting_ends_the_start(tmp_path: Path) -> None:
    place = Place.make(tmp_path / "x")
    with (
        pytest.raises(RuntimeError, match="does not answer"),
        place.running(PERENNIAL_COLLECTOR_MESSAGE_BYTES="many"),
    ):
        pass


def test_a_sender_who_is_cut_off_goes_on_where_it_was(running: Running, shared: Place) -> None:
    headers, content = shared.headers(), bytes(range(256)) * 16_000
    made = requests.post(f"{running.url}/batches", json={"dataset": "stock"}, headers=headers, timeout=10)
    path = f"/batches/{made.json()['id']}/files/a.csv"

    def there() -> int:
        response = requests.get(running.url + path, headers=headers, timeout=10)
        return int(response.headers.get("upload-offset", 0))

    with connected(running) as connection:
        fields = f"authorization: {headers['authorization']}\r\ncontent-length: {len(content)}\r\n"
        where = f"content-range: bytes 0-{len(content) - 1}/{len(content)}\r\n"
        connection.sendall(f"PATCH {path} HTTP/1.1\r\nhost: x\r\n{fields}{where}\r\n".encode())
        connection.sendall(content[:3_000_000])
    until(lambda: there() == 3_000_000)
    rest = {**headers, "content-range": f"bytes 3000000-{len(content) - 1}/{len(content)}"}
    response = requests.patch(running.url + path, data=content[3_000_000:], headers=rest, timeout=10)
    assert (response.status_code, response.json()["complete"]) == (201, True)
    (file,) = (shared.root / "staging").glob("shop/*/files/a.csv")
    assert file.read_bytes() == content


def test_its_workers_share_a_port(place: Place) -> None:
    with place.running(PERENNIAL_COLLECTOR_WORKERS="2") as collector:

        def sent() -> bool:
            response = requests.post(collector.url + URL, data=GOOD, headers=place.headers(), timeout=10)
            assert response.status_code == 202
            return place.log.partitions("orders") == [0, 1]

        until(sent)
        collector.process.terminate()
        collector.process.wait(timeout=20)
