"""Whether a lake may lie somewhere is tried out, and said without secrets."""

from pathlib import Path

import polars as pl
import pytest
from s3_server import EVERYWHERE

from perennial.lake import storage
from perennial.lake.check import KEEPS_VERSIONS, LakeUnreachable, LakeUnsafe, check, main
from perennial.lake.maintenance import tables
from perennial.lake.tables import Table


@EVERYWHERE
def test_a_place_that_takes_files_once_is_fine(root):
    assert check(root) == []
    assert storage.entries(root) == []


def test_a_store_that_overlooks_conditions_is_refused(s3_server, object_store):
    s3_server.make("careless-lake")
    with pytest.raises(LakeUnsafe, match=r"s3://careless-lake/x: the store overwrites .* would lose commits"):
        check("s3://careless-lake/x")
    assert storage.entries("s3://careless-lake/x") == []


def test_who_may_not_get_in_or_finds_no_bucket_is_told_so(object_store):
    with pytest.raises(LakeUnsafe, match=r"s3://forbidden-lake: cannot be written to: .*check the bucket"):
        check("s3://forbidden-lake")
    with pytest.raises(LakeUnsafe, match=r"s3://no-such-bucket: cannot be written to: .*check the bucket"):
        check("s3://no-such-bucket")


def test_what_is_no_folder_is_refused(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(LakeUnreachable, match="file: cannot be opened: "):
        check(str(tmp_path / "file"))


def test_a_bucket_that_keeps_what_is_erased_is_remarked_upon(s3_server, object_store):
    s3_server.keep_versions(object_store.removeprefix("s3://"))
    assert check(object_store) == [KEEPS_VERSIONS]


@pytest.mark.parametrize("bucket", ["forbidden-lake", "no-such-bucket"])
def test_a_store_that_lets_nobody_in_is_no_empty_lake(bucket, object_store):
    table = Table(f"s3://{bucket}", "events/sales", schema=pl.Schema({"v": pl.Int64()}))
    for action in (table.version, table.exists, table.scan, table.partitions, lambda: tables(table.root)):
        with pytest.raises(Exception, match=r"(?i)forbidden|denied|no.?such.?bucket|not.found") as raised:
            action()
        assert "secret-of-tests" not in str(raised.value)
    with pytest.raises(Exception, match=r"(?i)forbidden|denied|no.?such.?bucket|not.found"):
        table.append(pl.DataFrame({"v": [1]}))


@EVERYWHERE
def test_the_command_says_it(root, monkeypatch, capsys):
    monkeypatch.setenv("PERENNIAL_LAKE", root)
    main()
    assert capsys.readouterr().out == f"{root}: several writers at once can share it\n"
    monkeypatch.setenv("PERENNIAL_LAKE", "s3://forbidden-lake")
    if root.startswith("s3://"):
        with pytest.raises(SystemExit, match=r"s3://forbidden-lake: cannot be written to"):
            main()
