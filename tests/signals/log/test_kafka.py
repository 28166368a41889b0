"""What is Kafka's own: its URL, its retention, its absence."""

import os

import pytest

from perennial.errors import TerminalError
from perennial.signals.log import LogDamagedError, LogGapError, LogUnreadableError, LogUnwritableError, kafka
from perennial.signals.log.kafka import KafkaLog

from .kafka_cluster import Cluster


def test_a_url_says_where_and_how() -> None:
    log = KafkaLog.at("kafka://a:9092,b:9092/shop?partitions=3&replication=2&sasl.password=se%26cret")
    assert (log.brokers, log.prefix, log.partitions_of_new, log.replication) == (
        "a:9092,b:9092",
        "shop",
        3,
        2,
    )
    assert log.settings == {"sasl.password": "se&cret"}
    assert "cret" not in repr(log)


@pytest.mark.parametrize(
    "url",
    ["http://a:9092", "kafka://", "kafka://me:secret@a:9092", "kafka://a/x?partitions=secret", "kafka://a/x/y",
     "kafka://a/x?password=secret"],
)  # fmt: skip
def test_a_wrong_url_is_refused_without_its_secrets(url: str) -> None:
    with pytest.raises(TerminalError, match="the log's URL") as refused:
        KafkaLog.at(url)
    assert "secret" not in str(refused.value)


def test_expired_records_are_a_clear_error(kafka: Cluster) -> None:
    kafka.make("expiring", 1)
    log = KafkaLog(kafka.brokers, partitions_of_new=0)
    writer = log.writer("expiring")
    for _ in range(12):
        writer.append([os.urandom(1_000_000)])  # the stand-in keeps five megabytes of a partition
    with pytest.raises(LogGapError, match=r"partition 0: records 0 to \d+ are gone"):
        log.read("expiring", 0, 0, 1000)
    assert log.trim("expiring", 0, 11) == 0, "it cannot delete records on request"
    assert len(log.read("expiring", 0, 11, 1000)[0]) == 1
    with pytest.raises(LogDamagedError, match="ends at 12, before offset 13"):
        log.read("expiring", 0, 13, 1000)


def test_a_cluster_that_is_not_there_is_worth_another_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka, "WITHIN", 0.4)
    log = KafkaLog("127.0.0.1:1", partitions_of_new=0)
    with pytest.raises(LogUnwritableError, match="2 of 2 records were not acknowledged"):
        log.writer("orders").append([b"one", b"two"])
    with pytest.raises(LogUnreadableError, match=r"127\.0\.0\.1:1 does not answer"):
        log.partitions("orders")
    with pytest.raises(LogUnreadableError, match="partition 0 cannot be read"):
        log.read("orders", 0, 0, 1000)
