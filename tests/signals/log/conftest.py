"""One Kafka stand-in for all tests of the log."""

from collections.abc import Iterator

import pytest

from . import kafka_cluster


@pytest.fixture(scope="session")
def kafka() -> Iterator[kafka_cluster.Cluster]:
    """A cluster of two brokers."""
    with kafka_cluster.running() as cluster:
        yield cluster
