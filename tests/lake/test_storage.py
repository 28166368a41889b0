"""A folder and an object store are read in the same way."""

import pytest
from s3_server import EVERYWHERE

from perennial.lake import storage
from perennial.lake.changes import since
from perennial.lake.history import SnapshotExpired, snapshots
from perennial.lake.tables import Table

from .test_changes import values
from .test_history import MONDAY, TUESDAY, expire, rows

pytestmark = EVERYWHERE


def test_snapshots_and_what_came_in_between(root):
    table = Table(root, "area/name", partition="day")
    first = table.append(rows(MONDAY, 1))
    table.append(rows(MONDAY, 2))
    table.append(rows(TUESDAY, 3))
    assert values(since(table, first)) == [2, 3]
    table.open().optimize.compact()
    assert values(since(table, first)) == [2, 3]
    expire(table)
    assert snapshots(table)["snapshot_id"].to_list() == [3, 4, 5]
    with pytest.raises(SnapshotExpired):
        since(table, first)


def test_files_are_listed_read_and_removed(root):
    table = Table(root, "area/files", partition="day")
    table.append(rows(MONDAY, 1))
    listed = [entry.path for entry in storage.entries(table.uri)]
    assert [path.split("/")[0] for path in listed] == ["_delta_log", "day=2017-12-25"]
    log, data = listed
    assert storage.contents(table.uri, [log, "_delta_log/none.json"]).keys() == {log}
    assert storage.entries(table.uri, "day=2017-12-25")[0].size > 0
    assert storage.entries(table.uri, "day=2000-01-01") == []
    assert storage.missing(table.uri, [data, "day=2017-12-25/none"]) == {"day=2017-12-25/none"}
    storage.remove(table.uri, [data])
    storage.remove(table.uri, [data])
    assert storage.missing(table.uri, [log, data]) == {data}
