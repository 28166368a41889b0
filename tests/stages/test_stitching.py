"""Who is who, from rows in the lake: new rows are taken in, withdrawn ones taken back, and nothing twice."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from perennial.documents import DocumentError
from perennial.identity.resolve import current
from perennial.lake.identity import NAME
from perennial.settings import Settings
from perennial.stages.profiles import build_profiles
from perennial.stages.stitching import stitch
from perennial.stages.value import compute_value, history
from perennial.stages.value_ledgers import refresh_ledgers
from perennial.stages.whose import people_of, rows_of
from perennial.stages.workspace import Workspace

NOW = datetime(2024, 5, 1, tzinfo=UTC)
DOCUMENTS = {
    "namespaces/customer": "{title: Customer, type: cross_device, unique: true, priority: 100}",
    "namespaces/email": "{title: E-mail, type: email, priority: 50}",
    "namespaces/email_sha256": "{title: E-mail, type: email, sha256_of: email, priority: 50}",
    "namespaces/device": "{title: Device, type: device, priority: 10}",
    "profiles/customer": "{title: Customers, person: customer, events: [visits]}",
    "datasets/visits": """
        title: Visits
        kind: event
        source: {stream: true}
        key: [id]
        identities: [{column: customer_id, namespace: customer}, {column: device_id, namespace: device}]
        columns:
          event_time: {type: timestamp, required: true}
          id: {type: string, required: true}
          customer_id: {type: string}
          device_id: {type: string}
    """,
    "datasets/contacts": """
        title: Contacts
        kind: record
        source: {stream: true}
        key: [customer_id]
        identities: [{column: customer_id, namespace: customer}, {column: email, namespace: email}]
        columns:
          customer_id: {type: string, required: true}
          email: {type: string}
    """,
    "value/browsing": """
        title: Browsing
        dataset: visits
        identity: person_id
        metrics: {visits: {count: id}}
        lookbacks: [1, lifetime]
    """,
    "datasets/products": """
        title: Products
        kind: record
        source: {stream: true}
        key: [product_id]
        columns:
          product_id: {type: string, required: true}
    """,
}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    for name, text in DOCUMENTS.items():
        file = tmp_path / f"include/{name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return Workspace(
        Settings(tmp_path / "include", str(tmp_path / "lake"), str(tmp_path), tmp_path / "spool")
    )


def visits(*rows: tuple[str | None, str | None], day: int = 1) -> pl.DataFrame:
    at = NOW + timedelta(days=day)
    return pl.DataFrame(
        [(f"{day}.{n}", at, at.date(), *row) for n, row in enumerate(rows)],
        schema={
            "id": pl.String, "event_time": pl.Datetime("us", "UTC"), "event_date": pl.Date,
            "customer_id": pl.String, "device_id": pl.String,
        },
        orient="row",
    )  # fmt: skip


def contacts(*rows: tuple[str, str]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=["customer_id", "email"], orient="row")


def people(workspace: Workspace) -> dict[str, str]:
    rows = current(workspace.lake.identities.scan()).filter(pl.col("namespace") != "email_sha256").collect()
    return {f"{row['namespace']}:{row['value']}": row["person_id"] for row in rows.to_dicts()}


def test_identities_that_meet_in_several_datasets_are_one_person(workspace):
    workspace.lake.events("visits").append(visits((None, "d1"), ("7", "d1"), ("8", "null")))
    workspace.lake.records("contacts").append(contacts(("7", "Ann@X "), ("8", "bob@x")))
    counts = stitch(workspace, NOW)
    assert people(workspace) == {
        "customer:7": "7", "device:d1": "7", "email:ann@x": "7", "customer:8": "8", "email:bob@x": "8",
    }  # fmt: skip
    assert counts == {"identities": 7, "joined": 5, "unusable": 1}
    events = workspace.lake.identity_events.scan().collect()
    assert set(events["other_person"]) >= {"device:d1", "email:ann@x"}
    digest = current(workspace.lake.identities.scan()).filter(namespace="email_sha256").collect()
    assert sorted(digest["person_id"]) == ["7", "8"]


def test_only_what_is_new_is_read_and_nothing_happens_twice(workspace):
    table = workspace.lake.events("visits")
    table.append(visits(("7", "d1")))
    stitch(workspace, NOW)
    before = [t.version() for t in (workspace.lake.links, workspace.lake.identities)]
    assert stitch(workspace, NOW) == {}
    assert [t.version() for t in (workspace.lake.links, workspace.lake.identities)] == before
    table.append(visits(("7", "d2"), day=2))
    assert stitch(workspace, NOW) == {"identities": 1, "joined": 1}
    assert workspace.lake.links.scan().collect().height == 2


def test_days_in_any_order_give_the_same_people(workspace, tmp_path):
    table = workspace.lake.events("visits")
    days = [visits(("7", "d1"), day=1), visits(("8", "d1"), day=2), visits(("7", "d1"), (None, "d3"), day=3)]
    for day in reversed(days):
        table.append(day)
        stitch(workspace, NOW)
    mine = people(workspace)
    other = Workspace(Settings(workspace.settings.include, str(tmp_path / "other"), str(tmp_path), tmp_path))
    for day in days:
        other.lake.events("visits").append(day)
        stitch(other, NOW)
    assert people(other) == mine == {"customer:7": "7", "customer:8": "8", "device:d1": "7"}


def test_rows_that_are_withdrawn_take_their_links_with_them(workspace):
    table = workspace.lake.events("visits")
    table.append(visits(("7", "d1"), ("7", "d2"), day=1))
    table.append(visits(("8", "d1"), day=2))
    stitch(workspace, NOW)
    assert people(workspace)["device:d1"] == "8"
    table.replace(visits(("9", "d9"), day=2).clear(), (NOW + timedelta(days=2)).date())
    stitch(workspace, NOW)
    assert people(workspace) == {
        "customer:7": "7", "device:d1": "7", "device:d2": "7", "customer:8": "8",
    }  # fmt: skip


def test_an_address_that_changed_still_leads_to_who_had_it(workspace):
    table = workspace.lake.records("contacts")
    table.append(contacts(("7", "old@x")))
    stitch(workspace, NOW)
    table.replace(contacts(("7", "new@x")))
    stitch(workspace, NOW)
    assert people(workspace) == {"customer:7": "7", "email:old@x": "7", "email:new@x": "7"}


def test_other_rules_resolve_everybody_anew(workspace):
    workspace.lake.events("visits").append(visits(("7", "d1"), ("8", "d1")))
    stitch(workspace, NOW)
    assert len(set(people(workspace).values())) == 2
    shared = workspace.settings.include / "namespaces/customer.yaml"
    shared.write_text(DOCUMENTS["namespaces/customer"].replace("unique: true, ", ""))
    counts = stitch(Workspace(workspace.settings), NOW + timedelta(days=1))
    assert set(people(workspace).values()) == {"7"}
    assert counts["merged"] == 1


@pytest.mark.parametrize("killed", ["links", "events", "mapping"])
def test_a_run_that_was_killed_is_continued_by_the_next(workspace, tmp_path, monkeypatch, killed):
    """Before each of its commits, and with more rows when it goes on."""
    table = workspace.lake.events("visits")
    table.append(visits(("7", "d1"), ("8", "d1"), day=1))
    other = Workspace(Settings(workspace.settings.include, str(tmp_path / "other"), str(tmp_path), tmp_path))
    other.lake.events("visits").append(visits(("7", "d1"), ("8", "d1"), day=1))

    class Killed(BaseException):
        pass

    append = type(table).append

    def dying(self, rows, *args, **kwargs):
        if self.name == f"identity/{killed}":
            raise Killed
        return append(self, rows, *args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(type(table), "append", dying)
        with pytest.raises(Killed):
            stitch(workspace, NOW)
    stitch(other, NOW)
    for each in (workspace, other):
        each.lake.events("visits").append(visits(("7", "d2"), day=2))
        stitch(each, NOW)
    for name in ("links", "identities", "identity_events"):
        mine, theirs = (getattr(each.lake, name).scan().collect() for each in (workspace, other))
        # What was to be done in two runs was done in one, if the first had not committed anything.
        together = ["step"] if killed == "links" else []
        assert_frame_equal(
            mine.drop(together, strict=False), theirs.drop(together, strict=False), check_row_order=False
        )


def test_a_dataset_of_an_unknown_namespace_is_refused(workspace):
    (workspace.settings.include / "namespaces/device.yaml").unlink()
    with pytest.raises(DocumentError, match=r"dataset visits: no namespace device; .* has"):
        stitch(workspace, NOW)


def test_without_namespaces_there_is_nothing_to_stitch(workspace):
    workspace.lake.events("visits").append(visits(("7", "d1")))
    for file in (workspace.settings.include / "namespaces").iterdir():
        file.unlink()
    assert stitch(workspace, NOW) == {}
    assert not workspace.lake.links.exists()


def test_names_are_those_of_the_home_namespace(workspace):
    workspace.lake.events("visits").append(visits(("7", "d1")))
    stitch(workspace, NOW)
    rows = workspace.lake.identities.scan().collect()
    assert set(rows["group"]) == {"customer:7"}
    assert rows.select(NAME).n_unique() == 2


def visits_of(workspace: Workspace, as_of: date) -> dict[str, int]:
    rows = history(workspace, "browsing").read(as_of).filter(lookback="lifetime").collect()
    return dict(rows.select("person_id", "visits").rows())


def test_visits_belong_to_who_turned_out_to_be_the_visitor(workspace, tmp_path):
    table, today = workspace.lake.events("visits"), date(2024, 5, 20)
    table.append(visits((None, "d1"), (None, "d1"), (None, "d2"), day=1))
    stitch(workspace, NOW)
    compute_value(workspace, today)
    assert visits_of(workspace, today) == {"device:d1": 2, "device:d2": 1}
    table.append(visits(("7", "d1"), day=4))
    stitch(workspace, NOW)
    compute_value(workspace, today)
    assert visits_of(workspace, today) == {"7": 3, "device:d2": 1}
    # Two customers share it from now on: what nobody signed for goes with the last.
    table.append(visits(("8", "d1"), day=6))
    stitch(workspace, NOW)
    compute_value(workspace, today)
    assert visits_of(workspace, today) == {"7": 1, "8": 3, "device:d2": 1}
    # Days that were mended are those from scratch.
    anew = Workspace(Settings(workspace.settings.include, str(tmp_path / "anew"), str(tmp_path), tmp_path))
    anew.lake.events("visits").append(table.scan().collect())
    stitch(anew, NOW)
    compute_value(anew, today)
    assert visits_of(anew, today) == visits_of(workspace, today)


def test_rows_of_some_people_are_those_that_are_theirs_now(workspace):
    workspace.lake.events("visits").append(
        visits((None, "d1"), ("7", "d1"), (" 8", None), ("null", "d2"), ("9", "d9"), (None, None))
    )
    workspace.lake.records("contacts").append(contacts((" 7 ", "Ann@x"), ("8", "bob@x"), ("null", "eve@x")))
    stitch(workspace, NOW)
    # Somebody who has become part of 7 has nothing anymore.
    asked = pl.Series(["7", "8", "device:d1", "device:d2", "nobody"])
    for name in ("visits", "contacts"):
        rows = workspace.rows(name)
        theirs = people_of(workspace, name, rows=rows).filter(pl.col("person_id").is_in(asked.implode()))
        found = rows_of(workspace, name, asked, rows)
        assert_frame_equal(found.collect(), theirs.collect(), check_row_order=False, check_column_order=False)
    assert sorted(rows_of(workspace, "contacts", asked, rows).collect()["person_id"]) == ["7", "8"]
    assert rows_of(workspace, "visits", asked, workspace.rows("visits")).collect().height == 4


def test_days_before_a_merge_are_stale_only_where_it_reaches(workspace):
    table = workspace.lake.events("visits")
    table.append(visits((None, "d1"), day=1))
    table.append(visits(("9", "d9"), day=8))
    stitch(workspace, NOW)
    for day in (5, 12):
        compute_value(workspace, date(2024, 5, day))
    table.append(visits(("7", "d1"), day=11))
    stitch(workspace, NOW)
    assert refresh_ledgers(workspace) == {"browsing": 2}
    assert history(workspace, "browsing").stale() == [date(2024, 5, 5), date(2024, 5, 12)]


def test_each_merge_policy_has_profiles_of_its_own(workspace):
    folder = workspace.settings.include / "profiles"
    folder.joinpath("customer.yaml").write_text(
        DOCUMENTS["profiles/customer"].replace("}", ", default: true}")
    )
    folder.joinpath("apart.yaml").write_text(
        "{title: Apart, person: customer, events: [visits], stitching: none, merge: newest}"
    )
    workspace.lake.events("visits").append(visits((None, "d1"), ("7", "d1")))
    stitch(workspace, NOW)
    assert build_profiles(Workspace(workspace.settings), date(2024, 5, 20)) == 1
    lake = workspace.lake
    assert lake.profiles.scan().collect()["person_id"].to_list() == ["7"]
    assert lake.profiles_by("apart").scan().collect()["person_id"].to_list() == ["7", "device:d1"]
    known = lake.profiles.scan().collect()["identities"].to_list()
    assert known == [[{"namespace": "customer", "value": "7"}, {"namespace": "device", "value": "d1"}]]


def test_of_several_merge_policies_one_is_the_default(workspace):
    (workspace.settings.include / "profiles/apart.yaml").write_text(
        "{title: A, person: customer, events: [visits]}"
    )
    with pytest.raises(DocumentError, match=r"one says `default: true`; found \['apart', 'customer'\]"):
        _ = Workspace(workspace.settings).policy


def test_an_identity_that_a_document_has_got_lately_may_not_be_in_the_table_yet(workspace):
    workspace.lake.events("visits").append(visits(("7", "d1")).drop("device_id"))
    assert stitch(workspace, NOW) == {}
    assert people_of(workspace, "visits").collect()["person_id"].to_list() == ["7"]


def test_in_another_time_zone_the_days_around_a_merge_are_mended_too(workspace):
    document = workspace.settings.include / "value/browsing.yaml"
    zoned = "time_zone: America/New_York\n        identity:"
    document.write_text(document.read_text().replace("identity:", zoned))
    # Midnight in UTC is the evening before in New York.
    for visitor, day in ((None, 1), ("7", 4)):
        workspace.lake.events("visits").append(visits((visitor, "d1"), day=day))
        stitch(workspace, NOW)
        compute_value(workspace, date(2024, 5, 20))
    assert visits_of(workspace, date(2024, 5, 20)) == {"7": 2}
