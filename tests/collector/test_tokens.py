"""Tokens: each source has its own, sees its datasets only, and changes them while the collector runs."""

import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from esp_process import PLUGINS, until
from starlette.testclient import TestClient

from perennial.collector import tokens
from perennial.collector.refusals import Refused
from perennial.collector.tokens import Tokens
from perennial.documents import DocumentError

from .place import GOOD, Place

URL = "/collection/orders"


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is looked at again at each request."""
    monkeypatch.setattr(tokens, "FRESH", 0.0)


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer pct_wrong", "Basic c2hvcDp4", "pct_x", "é"]
)
def test_without_a_known_token_nothing_is_taken(client: TestClient, place: Place, header: str) -> None:
    response = client.post(URL, content=GOOD, headers={b"authorization": header.encode("latin-1")})
    assert (response.status_code, response.json()["error"]) == (401, "unauthorized")
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert client.get("/batches").status_code == 401
    assert place.kept() == []


def test_a_token_writes_to_its_datasets_only(client: TestClient, place: Place) -> None:
    response = client.post(URL, content=GOOD, headers=place.headers("depot"))
    assert (response.status_code, response.json()["error"]) == (403, "forbidden")
    response = client.post("/collection/nothing", content=GOOD, headers=place.headers("depot"))
    assert response.status_code == 404
    assert "orders" not in response.json()["detail"]
    assert place.kept() == []


@pytest.mark.usefixtures("often")
def test_a_token_is_replaced_while_both_are_good(client: TestClient, place: Place) -> None:
    file = place.root / "tokens.yaml"
    old = place.headers()
    new = {**old, "authorization": f"Bearer {tokens.make(file, 'shop')}"}
    for headers in (old, new):
        assert client.post(URL, content=GOOD, headers=headers).status_code == 202
    content = yaml.safe_load(file.read_text())
    content["tokens"] = content["tokens"][-1:]
    file.write_text(yaml.safe_dump(content))
    assert [client.post(URL, content=GOOD, headers=each).status_code for each in (old, new)] == [401, 202]


@pytest.mark.usefixtures("often")
def test_a_broken_file_locks_nobody_out_and_is_reported(client: TestClient, place: Place) -> None:
    (place.root / "tokens.yaml").write_text("tokens: [{name: shop}]")
    assert client.post(URL, content=GOOD, headers=place.headers()).status_code == 202
    ready = client.get("/ready")
    assert ready.status_code == 503
    assert "sha256" in ready.json()["problems"][0]


def test_a_broken_file_stops_the_start(tmp_path: Path) -> None:
    file = tmp_path / "tokens.yaml"
    file.write_text("tokens: [{name: 'a b', sha256: x}]")
    with pytest.raises(DocumentError, match=r"tokens\.0\.name"):
        Tokens(file)


def test_a_file_that_comes_later_is_found(tmp_path: Path) -> None:
    file = tmp_path / "tokens.yaml"
    known = Tokens(file)
    header = f"Bearer {tokens.make(file, 'shop')}".encode()

    def found() -> bool:
        try:
            return known.sender(header).name == "shop"
        except Refused:
            return False

    begun = time.monotonic()
    until(found, 5)
    assert time.monotonic() - begun < 3


def test_the_file_holds_no_token_and_is_its_owners(place: Place) -> None:
    file = place.root / "tokens.yaml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not [token for token in place.tokens.values() if token in file.read_text()]


def test_a_command_makes_one(place: Place) -> None:
    file = place.root / "tokens.yaml"
    done = subprocess.run(
        [sys.executable, "-m", "perennial.collector", "token", "till", "--datasets", "orders,stock"],
        env={"PYTHONPATH": str(PLUGINS), "PERENNIAL_COLLECTOR_TOKENS": str(file)},
        capture_output=True,
        text=True,
        check=True,
    )
    made = Tokens(file).sender(f"Bearer {done.stdout.strip()}".encode())
    assert (made.name, made.datasets) == ("till", ["orders", "stock"])
    assert Tokens(file).sender(f"Bearer {place.tokens['shop']}".encode()).name == "shop"
