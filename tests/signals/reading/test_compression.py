"""Compressed files are read as those that are not, up to a size; what is damaged is named."""

import bz2
import gzip
import lzma

import pyarrow as pa
import pytest

from perennial.signals.reading import FileUnreadable

from .conftest import Read, dataset

AB = dataset("a", "b")
CONTENT = b"a,b\n" + b"".join(b"%d,x%d\n" % (n, n) for n in range(2000))
ROWS = [(str(n), f"x{n}") for n in range(2000)]


def in_parts() -> bytes:
    return b"".join(gzip.compress(CONTENT[start : start + 5000]) for start in range(0, len(CONTENT), 5000))


COMPRESSED = {
    "gz": gzip.compress(CONTENT),
    "GZ": in_parts(),
    "bz2": bz2.compress(CONTENT),
    "xz": lzma.compress(CONTENT),
    "zst": bytes(pa.compress(CONTENT, "zstd", asbytes=True)),
}


@pytest.mark.parametrize("ending", COMPRESSED)
def test_compressed_files(read: Read, ending):
    assert read(COMPRESSED[ending], AB, f"things.csv.{ending}").rows == ROWS


@pytest.mark.parametrize("ending", COMPRESSED)
def test_a_file_that_is_cut_off_is_an_error(read: Read, ending):
    with pytest.raises(FileUnreadable, match="cannot be decompressed, it is damaged or cut off"):
        read(COMPRESSED[ending][:-20], AB, f"things.csv.{ending}")


@pytest.mark.parametrize("ending", COMPRESSED)
def test_a_file_that_is_not_compressed_as_its_name_says(read: Read, ending):
    with pytest.raises(FileUnreadable, match="cannot be decompressed"):
        read(CONTENT, AB, f"things.csv.{ending}")


@pytest.mark.parametrize("ending", ["gz", "bz2", "xz", "zst"])
def test_a_bomb_does_no_harm(read: Read, ending):
    bomb = b"a,b\n" + b"0" * 50_000_000
    packed = {
        "gz": lambda: gzip.compress(bomb, 1),
        "bz2": lambda: bz2.compress(bomb, 1),
        "xz": lambda: lzma.compress(bomb, preset=0),
        "zst": lambda: bytes(pa.compress(bomb, "zstd", asbytes=True)),
    }[ending]()
    things = dataset("a", "b", limits={"file_bytes": 20_000_000})
    with pytest.raises(FileUnreadable, match="holds more than 20000000 bytes once it is decompressed"):
        read(packed, things, f"things.csv.{ending}")


def test_json_lines_are_compressed_too(read: Read):
    assert read(gzip.compress(b'{"a": 1}\n'), AB, "things.jsonl.gz").rows == [("1", None)]
