"""The stream's Dag is set off when messages have come, and only then."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from perennial.signals.log import FolderLog, pack
from perennial.triggers.messages import MessagesTrigger

CLICKS = """
title: Clicks
kind: event
source: {stream: true}
key: [click]
columns:
  event_time: {type: timestamp, required: true}
  click: {type: string, required: true}
"""


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FolderLog:
    (tmp_path / "include/datasets").mkdir(parents=True)
    (tmp_path / "include/datasets/clicks.yaml").write_text(CLICKS)
    monkeypatch.setenv("PERENNIAL_INCLUDE", str(tmp_path / "include"))
    monkeypatch.setenv("PERENNIAL_SPOOL", str(tmp_path / "spool"))
    return FolderLog(tmp_path / "spool")


def send(log: FolderLog, topic: str = "clicks") -> None:
    writer = log.writer(topic)
    writer.append([pack("id", 1, "shop", b"{}")])
    writer.close()


def test_it_fires_once_for_all_that_has_come(log: FolderLog) -> None:
    async def watched() -> list[Any]:
        events = MessagesTrigger(seconds=0.02).run()
        fired = []
        send(log)
        send(log)
        fired.append((await asyncio.wait_for(anext(events), 10)).payload)
        waiting = asyncio.ensure_future(anext(events))
        done, _ = await asyncio.wait([waiting], timeout=0.3)
        assert not done, "nothing new has come"
        send(log, "unknown")
        send(log)
        fired.append((await asyncio.wait_for(waiting, 10)).payload)
        return fired

    assert asyncio.run(watched()) == [{"partitions": ["clicks/0"]}] * 2


def test_it_survives_the_way_to_the_triggerer() -> None:
    name, arguments = MessagesTrigger(seconds=7).serialize()
    module, _, attribute = name.rpartition(".")
    made = getattr(__import__(module, fromlist=[attribute]), attribute)(**arguments)
    assert (type(made), made.seconds) == (MessagesTrigger, 7)
