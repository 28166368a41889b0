"""Uploaded lists: who is on them by which identities, for how long, and with whose consent."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from identity_rows import mapping

from perennial.audiences.comparisons import RuleError
from perennial.audiences.uploads import UploadRefused
from perennial.lake.erasure import ERASED, erased_people
from perennial.lake.tables import Table
from perennial.signals.erased import fingerprint
from perennial.stages import audience_library as library
from perennial.stages.audiences import evaluate_audiences
from perennial.stages.estimates import estimate
from perennial.stages.lists import about
from perennial.stages.streaming import qualify
from perennial.stages.uploads import Uploaded, put_found, upload
from perennial.stages.workspace import Workspace

from . import club
from .club import DAYS

EMAIL = {"title": "E-mail address", "type": "email", "priority": 0}
VIPS = {"title": "VIPs", "list": {"namespace": "email"}}
TRIAL = {"title": "Trial", "evaluation": "stream", "list": {"namespace": "email", "expires_after": "1 day"}}
OTHERS = {"title": "Others", "rule": {"none": [{"audience": "vips"}]}}
OPTED = {"title": "News", "purpose": "news", "list": {"namespace": "member"}}
RANKS = {"ann": 1, "bob": 2, "cid": 3, "dan": 4}
NOW = datetime(2024, 3, 3, tzinfo=UTC)
Make = Callable[..., Workspace]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Ann and Bob are known by their addresses too, Cid and Dan by their numbers only."""

    def made(**audiences: dict[str, Any]) -> Workspace:
        fresh = not (tmp_path / "lake").exists()
        base = club.workspace(
            tmp_path, {}, {"news": {"attribute": "rank", "operator": "at_most", "value": 2}}
        )
        for name, document in {"namespaces/email": EMAIL, **audiences}.items():
            file = tmp_path / "include" / f"{name if '/' in name else f'audiences/{name}'}.yaml"
            file.parent.mkdir(exist_ok=True)
            file.write_text(yaml.safe_dump(document))
        if fresh:
            for day in DAYS[:3]:
                club.profiles(base, day, RANKS, first_seen=[NOW] * 4, last_seen=[NOW] * 4)
            known = {"namespace": "email", "value": ["ann@x.org", "bob@x.org"], "person_id": ["ann", "bob"]}
            base.lake.identities.append(mapping(pl.DataFrame(known)))
        return Workspace(base.settings)

    return made


def put(made: Workspace, name: str, text: str, mode: Any = "replace", at: datetime = NOW) -> Uploaded:
    return upload(made, name, text.encode(), mode, "eve", at)


def members(made: Workspace, name: str, day: int = 2) -> str:
    evaluate_audiences(made, DAYS[day])
    rows = made.lake.membership.scan().filter(pl.col("status") != "exited", audience=name, as_of=DAYS[day])
    return " ".join(sorted(rows.collect()["person_id"]))


def test_people_are_found_by_any_identity_and_those_who_lead_to_nobody_are_counted(make):
    made = make(vips=VIPS, others=OTHERS)
    assert members(made, "vips") == ""
    taken = put(made, "vips", "E-Mail\n Ann@X.org \nbob@x.org\nANN@x.org\n\nnobody@x.org\nnull\n")
    assert taken == Uploaded(rows=5, accepted=3, repeated=1, refused=1, erased=0, lines=[7])
    told = about(made, "vips", made.audiences["vips"].list)
    assert [told[name] for name in ("entries", "found", "people")] == [3, 2, 2]
    (row,) = told["uploads"]
    assert (row["by"], row["at"], row["mode"], row["accepted"]) == ("eve", NOW, "replace", 3)
    assert members(made, "vips") == "ann bob"
    assert members(made, "others") == "cid dan", "a list is a block of other audiences"
    assert estimate(made, made.audiences["others"]).size == 2


def test_a_list_is_replaced_or_appended_to(make):
    made = make(vips=VIPS, more={**VIPS, "title": "More"})
    put(made, "vips", "ann@x.org")
    put(made, "more", "bob@x.org")
    put(made, "vips", "bob@x.org\nann@x.org", "append")
    assert members(made, "vips") == "ann bob"
    assert made.lake.lists.scan().collect().height == 3
    put(made, "vips", "bob@x.org")
    assert members(made, "vips") == members(made, "more") == "bob"
    assert members(made, "vips", day=0) == "bob", "a list is as it is now, whatever the day"


def test_entries_expire_unless_they_are_uploaded_again(make):
    made = make(trial=TRIAL)
    put(made, "trial", "ann@x.org\nbob@x.org", at=NOW - timedelta(hours=30))
    put(made, "trial", "bob@x.org", "append", at=NOW - timedelta(hours=23))
    assert members(made, "trial") == "bob"
    told = about(made, "trial", made.audiences["trial"].list)
    assert (told["entries"], told["found"]) == (1, 1)
    kept = made.lake.lists.scan().collect()
    assert sorted(kept["value"]) == ["ann@x.org", "bob@x.org"]
    put(made, "trial", "bob@x.org", "append", at=NOW)
    assert made.lake.lists.scan().collect()["value"].to_list() == ["bob@x.org"], "what expired is let go of"


def test_a_list_is_left_by_the_passing_of_time_as_events_come(make):
    made = make(trial=TRIAL)

    def moved(**later: int) -> tuple[int, int]:
        (row,) = qualify(made, NOW + timedelta(**later)).select("entered", "exited").rows()
        return row

    put(made, "trial", "ann@x.org", at=NOW)
    assert moved(minutes=1) == (1, 0)
    put(made, "trial", "bob@x.org", "append", at=NOW + timedelta(hours=1))
    assert moved(hours=2) == (1, 0)
    assert moved(hours=24) == (0, 1)
    put(made, "trial", "ann@x.org", at=NOW + timedelta(hours=24))
    assert moved(hours=24, minutes=1) == (1, 1)


def test_the_consent_of_a_purpose_is_asked_for_and_the_top_is_taken(make):
    first = {**OPTED, "title": "First", "top": {"by": "rank", "most": 1}}
    made = make(news=OPTED, first=first)
    for name in ("news", "first"):
        put(made, name, "ann\nbob\ncid\n")
    assert members(made, "news") == "ann bob"
    assert members(made, "first") == "bob"


def test_who_was_erased_does_not_come_in_again(make):
    made = make(vips=VIPS)
    row = ("1", "email", fingerprint("ann@x.org", "email"), NOW, None)
    erased_people(made.lake.root).append(pl.DataFrame([row], schema=ERASED, orient="row"))
    taken = put(made, "vips", "ann@x.org\nbob@x.org\nAnn@x.org")
    assert (taken.accepted, taken.repeated, taken.erased) == (1, 0, 2)
    assert made.lake.lists.scan().collect()["value"].to_list() == ["bob@x.org"]


def test_a_file_with_nobody_in_it_changes_nothing(make):
    made = make(vips=VIPS, others=OTHERS, lost={"title": "Lost", "list": {"namespace": "phone"}})
    put(made, "vips", "ann@x.org")
    with pytest.raises(UploadRefused, match="None of the 2 rows can be taken"):
        put(made, "vips", "none\nunknown\n")
    with pytest.raises(UploadRefused, match="is a rule, and no list"):
        put(made, "others", "ann@x.org")
    with pytest.raises(RuleError, match=r"lost: list\.namespace: there is no namespace phone of people"):
        put(made, "lost", "1")
    assert members(made, "vips") == "ann"


def test_two_who_upload_at_once_lose_nothing(make, monkeypatch):
    made = make(vips=VIPS)
    put(made, "vips", "cid@x.org")
    write, others = Table.replace_where, iter(["ann@x.org"])

    def late(self: Table, *given: Any, **named: Any) -> int:
        for address in others:
            put(made, "vips", address, "append")
        return write(self, *given, **named)

    monkeypatch.setattr(Table, "replace_where", late)
    put(made, "vips", "bob@x.org", "append")
    assert sorted(made.lake.lists.scan().collect()["value"]) == ["ann@x.org", "bob@x.org", "cid@x.org"]


def test_a_list_stays_a_list_and_its_people_go_with_it(make):
    made = make(vips=VIPS)
    put(made, "vips", "ann@x.org")
    before = made.audiences["vips"].definition_hash
    with pytest.raises(library.AudienceInUse, match="does not become a list, nor a list a rule"):
        library.save(made, "vips", {"title": "It", "rule": club.RICH}, before)
    library.delete(made, "vips")
    assert made.lake.lists.scan().collect().is_empty()
    library.save(Workspace(made.settings), "vips", VIPS, None)
    assert members(Workspace(made.settings), "vips") == ""


def test_a_query_puts_whom_it_finds_on_a_list_and_takes_off_who_is_missing(make):
    made = make(vips=VIPS, trial=TRIAL)

    def found(rows: dict[str, list[Any]], name: str = "vips", mode: Any = "replace", at: datetime = NOW):
        return put_found(made, name, pl.DataFrame(rows), mode, "query best", at)

    taken = found({"spent": [5, 3, 2], "email": [" Ann@x.org", "bob@x.org", None]})
    assert taken == Uploaded(rows=3, accepted=2, repeated=0, refused=1, erased=0, lines=[3])
    assert members(made, "vips", 0) == "ann bob"
    found({"anything": ["bob@x.org"]})
    assert members(made, "vips", 1) == "bob"
    rows = made.lake.membership.scan().filter(audience="vips", as_of=DAYS[1], status="exited").collect()
    assert rows["person_id"].to_list() == ["ann"]
    assert found({"email": []}, at=NOW + timedelta(hours=1)).rows == 0
    told = about(made, "vips", made.audiences["vips"].list)
    assert [told["entries"], told["uploads"][0]["rows"], told["uploads"][0]["by"]] == [0, 0, "query best"]
    assert members(made, "vips", 2) == ""
    # A run of the past that is repeated makes nobody's entry older than it is.
    for at in (NOW, NOW - timedelta(days=9)):
        found({"email": ["ann@x.org"]}, "trial", "append", at)
    assert made.lake.lists.scan().filter(audience="trial").collect()["added_at"].to_list() == [NOW]
    with pytest.raises(UploadRefused, match="None of the columns a, b is called email"):
        found({"a": ["1"], "b": ["2"]})
    with pytest.raises(UploadRefused, match="There is no audience guests; there are trial, vips"):
        found({"email": ["ann@x.org"]}, "guests")
