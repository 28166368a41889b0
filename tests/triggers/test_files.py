"""Files that are late are waited for, until they are there or it is too late."""

import asyncio
import time
from pathlib import Path
from typing import Any

from perennial.triggers.files import FilesTrigger, missing_of


def ended(trigger: FilesTrigger, meanwhile: Any = None) -> Any:
    async def waited() -> Any:
        event = asyncio.ensure_future(anext(trigger.run()))
        if meanwhile is not None:
            done, _ = await asyncio.wait([event], timeout=0.2)
            assert not done, "the file is not there yet"
            meanwhile()
        return (await asyncio.wait_for(event, 10)).payload

    return asyncio.run(waited())


def test_it_waits_until_every_file_is_there(tmp_path: Path) -> None:
    (tmp_path / "there.csv").touch()
    patterns = [(str(tmp_path / "there.csv"), None), (str(tmp_path / "late*.csv"), None)]
    trigger = FilesTrigger(patterns, time.time() + 60, seconds=0.02)
    assert ended(trigger, (tmp_path / "late1.csv").touch) == {"missing": []}


def test_it_says_what_is_missing_when_it_is_too_late(tmp_path: Path) -> None:
    patterns = [(str(tmp_path / "never.csv"), None)]
    assert ended(FilesTrigger(patterns, time.time() - 1)) == {"missing": [patterns[0][0]]}


def test_it_survives_the_way_to_the_triggerer(tmp_path: Path) -> None:
    name, arguments = FilesTrigger([("a", None), ("s3://b/c", "aws")], 5.0).serialize()
    assert name == "perennial.triggers.files.FilesTrigger"
    # What is stored is JSON, which knows no tuples.
    again = FilesTrigger(**{**arguments, "patterns": [list(each) for each in arguments["patterns"]]})
    assert again.serialize() == (name, arguments)


def test_a_pattern_without_a_file_is_missing(tmp_path: Path) -> None:
    assert missing_of([(str(tmp_path / "x"), None)]) == [str(tmp_path / "x")]
