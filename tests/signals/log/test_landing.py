"""Messages of a Kafka topic land in the lake once, from whichever partition, however often it is tried."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from perennial.lake.catalog import Lake
from perennial.signals.dataset import Dataset
from perennial.signals.intake import Intake
from perennial.signals.log import StreamLog, open_log, pack
from perennial.signals.stream import land_stream, offset_name

CLICKS = Dataset.model_validate(
    {
        "name": "clicks",
        "title": "Clicks",
        "kind": "event",
        "source": {"stream": True},
        "key": ["click"],
        "columns": {
            "event_time": {"type": "timestamp", "required": True},
            "click": {"type": "string", "required": True},
        },
    }
)


@pytest.fixture
def log(kafka: Any, tmp_path: Path) -> StreamLog:
    kafka.make(f"{tmp_path.name}.clicks", 3)
    return open_log(tmp_path, f"kafka://{kafka.brokers}/{tmp_path.name}?partitions=0")


def messages(*names: str) -> list[bytes]:
    bodies = [json.dumps({"event_time": "2017-12-25 10:00:00", "click": name}).encode() for name in names]
    return [pack("id", 1_514_196_000_000_000, "shop", body) for body in bodies]


def test_every_message_of_every_partition_lands_once(log: StreamLog, tmp_path: Path) -> None:
    intake = Intake(Lake(str(tmp_path / "lake")), tmp_path / "index", datetime(2018, 1, 1, tzinfo=UTC))
    writer = log.writer("clicks")
    for first in range(0, 300, 10):
        writer.append(messages(*(f"c{n}" for n in range(first, first + 10))))
    writer.append(messages("c1", "c2"))
    landed = list(land_stream(intake, CLICKS, log))
    assert sum(each.read for each in landed) == 302
    assert list(land_stream(intake, CLICKS, log)) == []
    table = intake.lake.events("clicks")
    assert sorted(table.scan().collect()["click"]) == sorted(f"c{n}" for n in range(300))
    for partition in log.partitions("clicks"):
        position = max(0, table.transaction(offset_name(log, "clicks", partition)))
        assert position == log.end("clicks", partition)
    writer.append(messages("c1", "new"))
    writer.close()
    assert sum(each.accepted for each in land_stream(intake, CLICKS, log)) == 1
