"""The durable log: what was acknowledged is read back, whatever happened to the end of the file."""

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennial.signals.log import LogBusyError, LogDamagedError, LogUnwritableError, LogWriter, read

PLUGINS = Path(__file__).resolve().parents[3] / "plugins"


def _segment(folder: Path, number: int = -1) -> Path:
    return sorted(folder.glob("*.log"))[number]


def test_what_was_appended_is_read_back_from_any_record_on(tmp_path: Path) -> None:
    with LogWriter(tmp_path) as log:
        middle = log.append([b"one", b""])
        end = log.append([b"two" * 1000])
        assert log.offset == end
    assert read(tmp_path) == ([b"one", b"", b"two" * 1000], end)
    assert read(tmp_path, middle) == ([b"two" * 1000], end)
    assert read(tmp_path, end) == ([], end)
    assert read(tmp_path, 0, until=middle) == ([b"one", b""], middle)


def test_a_log_that_was_never_written_is_empty(tmp_path: Path) -> None:
    assert read(tmp_path / "nothing") == ([], 0)


def test_reading_in_small_pieces_gives_every_record_once(tmp_path: Path) -> None:
    records = [bytes([n]) * n * 7 for n in range(60)]
    with LogWriter(tmp_path, segment_bytes=500) as log:
        for record in records:
            log.append([record])
    assert len(list(tmp_path.glob("*.log"))) > 5
    found, offset = [], 0
    while True:
        part, offset = read(tmp_path, offset, max_bytes=64)
        if not part:
            break
        found += part
    assert found == records


@given(cut=st.integers(min_value=1, max_value=25))
def test_a_torn_end_is_set_aside(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    folder = tmp_path_factory.mktemp("log")
    with LogWriter(folder) as log:
        kept = log.append([b"kept"])
        log.append([b"x" * 20])
    segment = _segment(folder)
    os.truncate(segment, segment.stat().st_size - cut)
    assert read(folder) == ([b"kept"], kept)
    with LogWriter(folder) as log:
        assert log.offset == kept
        end = log.append([b"new"])
    assert read(folder) == ([b"kept", b"new"], end)
    assert next(folder.glob("*.torn")).stat().st_size == 28 - cut


def test_a_flipped_bit_ends_the_readable_part(tmp_path: Path) -> None:
    with LogWriter(tmp_path) as log:
        kept = log.append([b"kept"])
        log.append([b"flipped"])
    content = bytearray(_segment(tmp_path).read_bytes())
    content[-1] ^= 1
    _segment(tmp_path).write_bytes(content)
    assert read(tmp_path) == ([b"kept"], kept)


def test_damage_before_the_last_segment_is_an_error(tmp_path: Path) -> None:
    with LogWriter(tmp_path, segment_bytes=10) as log:
        log.append([b"first segment"])
        log.append([b"second segment"])
    content = bytearray(_segment(tmp_path, 0).read_bytes())
    content[-1] ^= 1
    _segment(tmp_path, 0).write_bytes(content)
    with pytest.raises(LogDamagedError, match="offset 0 is damaged"):
        read(tmp_path)


def test_a_log_that_lost_its_end_or_all_of_itself_is_an_error(tmp_path: Path) -> None:
    with LogWriter(tmp_path / "log") as log:
        end = log.append([b"read by somebody"])
    os.truncate(_segment(tmp_path / "log"), 3)
    with pytest.raises(LogDamagedError, match=f"ends at 3, but was read up to offset {end}"):
        read(tmp_path / "log", end)
    with pytest.raises(LogDamagedError, match="there is no log"):
        read(tmp_path / "deleted", end)


def test_what_the_disk_did_not_take_keeps_its_place(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with LogWriter(tmp_path) as log:
        kept = log.append([b"kept"])
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
        try:
            for _ in range(2):
                with pytest.raises(LogUnwritableError, match="did not take"):
                    log.append([b"whole", b"cut" * 100])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        # What a reader can see of it already stays what it is, and where it is.
        records, seen = read(tmp_path, kept)
        assert records == [b"whole"]
        log.append([b"next"])
    assert read(tmp_path, seen)[0] == [b"cut" * 100, b"next"]


def test_a_log_has_one_writer(tmp_path: Path) -> None:
    with LogWriter(tmp_path), pytest.raises(LogBusyError, match="another process"):
        LogWriter(tmp_path)
    LogWriter(tmp_path).close()


def test_what_a_killed_writer_acknowledged_is_there(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from perennial.signals.log import LogWriter\n"
        "log = LogWriter(Path(sys.argv[1]), segment_bytes=2000)\n"
        "for n in range(10**9): log.append([b'%d' % n]); print(n, flush=True)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(PLUGINS)}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    acknowledged = [int(process.stdout.readline()) for _ in range(300)]
    process.send_signal(signal.SIGKILL)
    acknowledged += [int(line) for line in process.stdout.read().splitlines()]
    process.wait()
    LogWriter(tmp_path).close()
    records, offset = [], 0
    while part := read(tmp_path, offset)[0]:
        records += part
        offset = read(tmp_path, offset)[1]
    assert [int(record) for record in records[: len(acknowledged)]] == acknowledged
    assert len(records) <= len(acknowledged) + 1
