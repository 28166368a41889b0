"""Files are found by path, glob, folder or URI, on a disk and on an object store."""

import gzip
import io
from pathlib import Path

import obstore
import polars as pl
import pytest
from obstore.store import S3Store
from s3_server import S3

from perennial.errors import TerminalError
from perennial.local.ports import free_ports
from perennial.signals.reading import SourceMissing, StoreUnavailable, find
from perennial.signals.reading.sources import kind

from .conftest import Found, dataset

AB = dataset("a", "b")


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    for name in (
        "day/1.csv",
        "day/2.csv.gz",
        "day/deep/3.csv",
        "day/notes.md",
        "day/.hidden.csv",
        "day/_tmp.csv",
    ):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("a,b\n1,2\n")
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("day", ["day/1.csv", "day/2.csv.gz"]),
        ("day/", ["day/1.csv", "day/2.csv.gz"]),
        ("day/*.csv", ["day/1.csv", "day/_tmp.csv"]),
        ("day/**/*.csv", ["day/1.csv", "day/_tmp.csv", "day/deep/3.csv"]),
        ("day/[12].*", ["day/1.csv", "day/2.csv.gz"]),
        ("day/1.csv", ["day/1.csv"]),
    ],
)
def test_files_on_a_disk(landing, pattern, found):
    assert find(f"{landing}/{pattern}") == [f"{landing}/{name}" for name in found]


@pytest.mark.parametrize("pattern", ["night", "day/*.parquet", "day/deep/*.json"])
def test_what_is_not_there(landing, pattern):
    with pytest.raises(SourceMissing, match=r"no file matches .*; deliver it, or correct `source`"):
        find(f"{landing}/{pattern}")


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("a/b.csv", "csv"),
        ("a/b.CSV.GZ", "csv"),
        ("a/b.tsv.zst", "csv"),
        ("a/b.jsonl.xz", "json"),
        ("s3://x/b.json", "json"),
        ("b.parquet", "parquet"),
    ],
)
def test_a_name_says_what_a_file_is(file, expected):
    assert kind(file) == expected


def test_a_name_that_says_nothing_is_an_error_unless_the_document_says_it():
    with pytest.raises(TerminalError, match=r"known endings: \.csv, .*or say `source\.format`"):
        kind("orders.dat")
    assert kind("orders.dat", "csv") == "csv"


@pytest.fixture(scope="module")
def s3(s3_server: S3) -> dict[str, str]:
    """The options that reach a stand-in for S3 with some files in it."""
    s3_server.make("landing")
    _fill(s3_server.url)
    return s3_server.options


def _fill(endpoint: str) -> None:
    store = S3Store(
        "landing",
        endpoint=endpoint,
        access_key_id="someone",
        secret_access_key="secret",
        region="us-east-1",
        client_options={"allow_http": True},
    )
    content = b"a,b\n" + b"".join(b"%d,x\n" % n for n in range(1000))
    obstore.put(store, "day/1.csv", content)
    obstore.put(store, "day/2.csv.gz", gzip.compress(content))
    obstore.put(store, "day/3.jsonl", b'{"a": "j", "b": 1}\n')
    obstore.put(store, "day/deep/4.csv", content)
    obstore.put(store, "day/notes.md", b"-")
    frame = pl.DataFrame({"a": ["p", "q"], "b": [1, 2]})
    sink = io.BytesIO()
    frame.write_parquet(sink)
    obstore.put(store, "day/5.parquet", sink.getvalue())


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("day", ["1.csv", "2.csv.gz", "3.jsonl", "5.parquet"]),
        ("day/", ["1.csv", "2.csv.gz", "3.jsonl", "5.parquet"]),
        ("day/*.csv*", ["1.csv", "2.csv.gz"]),
        ("day/**/*.csv", ["1.csv", "deep/4.csv"]),
        ("day/[!1]*", ["2.csv.gz", "3.jsonl", "5.parquet", "notes.md"]),
        ("day/1.csv", ["1.csv"]),
    ],
)
def test_files_on_an_object_store(s3, pattern, found):
    assert find(f"s3://landing/{pattern}", s3) == [f"s3://landing/day/{name}" for name in found]


def test_rows_of_an_object_store(s3):
    found = Found(find("s3://landing/day", s3), AB, storage=s3)
    assert len(found.rows) == 2003
    assert [row[0] for row in found.rows].count("5") == 2
    assert {"j", "p", "q"} <= {row[0] for row in found.rows}


def test_what_is_not_on_an_object_store(s3):
    with pytest.raises(SourceMissing, match="no file matches s3://landing/night"):
        find("s3://landing/night", s3)
    with pytest.raises(SourceMissing, match=r"night\.csv: is not there any more"):
        Found(["s3://landing/night.csv"], AB, storage=s3)


def test_a_store_that_does_not_answer(s3):
    (port,) = free_ports({"s3": None}).values()
    nowhere = {**s3, "aws_endpoint": f"http://127.0.0.1:{port}"}
    with pytest.raises(StoreUnavailable, match="s3://landing/day: the object store does not answer"):
        find("s3://landing/day", nowhere)


def test_options_that_mean_nothing():
    with pytest.raises(TerminalError, match="not an object store that can be opened"):
        find("what://landing/day")
