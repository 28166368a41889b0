"""A place for each test, and one collector in this process for those that need no other settings."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from perennial.collector.app import create_app

from .place import Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place.make(tmp_path)


@pytest.fixture
def client(place: Place) -> Iterator[TestClient]:
    with TestClient(create_app(place.settings())) as opened:
        yield opened
