"""Both evaluators agree for every person at every moment: hundreds of random definitions, as events come to
the lake, early, late and never, profiles change, and time passes."""

import random
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
import yaml
from audiences import naive, random_rules
from audiences.random_rules import NOW
from audiences.test_random_rules import rules

from perennial.audiences.evaluation import evaluate
from perennial.audiences.standing import standing
from perennial.errors import TerminalError
from perennial.settings import Settings
from perennial.stages.live_audiences import now
from perennial.stages.live_profiles import refresh_profiles
from perennial.stages.person import find, person
from perennial.stages.streaming import qualify, sizes
from perennial.stages.workspace import Workspace

PEOPLE, EVENTS, RULES, STEPS = 30, 120, 60, 3
SEEDS = range(9)
START = NOW - timedelta(days=20)
CUSTOMER = "{title: Customer, type: cross_device, unique: true, priority: 100}"
PROFILE = "{title: Customers, person: customer, events: [shop, app], attributes: [contacts]}"
DATASET = """
    title: Events
    kind: event
    source: {stream: true}
    key: [event_time]
    identities: [{column: customer_id, namespace: customer}]
    columns: {event_time: {type: timestamp, required: true}, customer_id: {type: string, required: true}}
"""
CONTACTS = """
    title: Contacts
    kind: record
    source: {stream: true}
    key: [customer_id]
    identities: [{column: customer_id, namespace: customer}]
    columns: {customer_id: {type: string, required: true}, opted_out: {type: boolean}}
"""


class World:
    """A lake, and what plain frames say that it holds."""

    def __init__(self, folder: Path, audiences: dict[str, object], consent: str | None = None) -> None:
        documents = {
            "namespaces/customer": CUSTOMER, "profiles/customer": PROFILE, "datasets/contacts": CONTACTS,
            **dict.fromkeys([f"datasets/{name}" for name in random_rules.DATASETS], DATASET),
            **{f"audiences/{name}": yaml.safe_dump(each) for name, each in audiences.items()},
        }  # fmt: skip
        if consent is not None:
            documents["consent/marketing"] = consent
        for name, text in documents.items():
            file = folder / f"include/{name}.yaml"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        settings = Settings(folder / "include", str(folder / "lake"), str(folder), folder / "spool")
        self.workspace = Workspace(settings)
        self.events = {name: pl.DataFrame(schema=random_rules.EVENTS) for name in random_rules.DATASETS}
        self.people = pl.DataFrame(schema=random_rules.PROFILES)

    def build(self, people: pl.DataFrame, day: datetime) -> None:
        """Daily profiles."""
        self.people = people
        moment = pl.lit(None, pl.Datetime("us", "UTC"))
        rows = people.with_columns(first_seen=moment, last_seen=moment, as_of=pl.lit(day.date()))
        self.workspace.lake.profiles.replace(rows, day.date())

    def land(self, name: str, rows: pl.DataFrame) -> None:
        """Events that come."""
        self.events[name] = pl.concat([self.events[name], rows])
        dated = rows.rename({"person_id": "customer_id"})
        self.workspace.lake.events(name).append(dated.with_columns(event_date=pl.col("event_time").dt.date()))

    def standing(self) -> set[tuple[str, str]]:
        found = standing(self.workspace.lake.live_membership).explode("audiences").drop_nulls()
        return set(found.select("audiences", "person_id").rows())

    def by_day(self, now: datetime, people: pl.DataFrame) -> set[tuple[str, str]]:
        found = evaluate(
            people.lazy(), lambda name: self.events[name].lazy(), self.workspace.audiences,
            self.workspace.consents, now,
        )  # fmt: skip
        return set(found.select("audience", "person_id").rows())


def streamed(rule: object, **more: object) -> dict[str, object]:
    return {"title": "It", "evaluation": "stream", "rule": rule, **more}


@pytest.mark.parametrize("seed", SEEDS)
def test_both_evaluators_agree_whatever_comes_and_however_time_passes(seed, tmp_path):
    dice = random.Random(seed)
    world = World(tmp_path, {name: streamed(rule) for name, rule in rules(dice, RULES).items()})
    people = random_rules.people(dice, PEOPLE)
    coming = {name: random_rules.happened(dice, PEOPLE + 3, EVENTS) for name in random_rules.DATASETS}
    world.build(people, START)
    for name, frame in coming.items():
        world.land(name, frame.filter(pl.col("event_time") < START))
    now, seen, day = START, set(), START
    newcomers: set[str] = set()
    for step in range(STEPS + 1):
        landed: set[str] = set()
        if step:
            later = now + timedelta(hours=dice.choice([1, 5, 24, 100, 200]))
            # Some events come late, some early, and some are of people who have no profile yet.
            due = pl.col("event_time").is_between(now - timedelta(hours=30), later + timedelta(hours=30))
            for name, frame in coming.items():
                new = frame.filter(due).join(
                    world.events[name], on=frame.columns, how="anti", nulls_equal=True
                )
                new = new.sample(fraction=0.8, seed=seed)
                world.land(name, new)
                landed |= set(new.filter(pl.col("event_time") < later)["person_id"])
            now = later
            if dice.random() < 0.5:
                changed = random_rules.people(dice, PEOPLE).sample(3, seed=seed)
                people = pl.concat([people.join(changed, on="person_id", how="anti"), changed])
                day = now.replace(hour=0)
                world.build(people, day)
                newcomers = set()
        qualify(world.workspace, now)
        lately = pl.col("event_time").is_between(day, now, closed="left")
        happened = {person for frame in world.events.values() for person in frame.filter(lately)["person_id"]}
        newcomers |= (landed | happened) - set(people["person_id"])
        fresh = pl.DataFrame({"person_id": sorted(newcomers)}, schema={"person_id": pl.String})
        expected = world.by_day(now, pl.concat([people, fresh], how="diagonal"))
        for name, who in world.standing() ^ expected:
            pytest.fail(f"{who} at {now}: {world.workspace.audiences[name].rule}")
        log = world.workspace.lake.live_membership
        changes = log.scan().filter(step=log.version()).collect()
        for row in changes.to_dicts():
            seen |= {(name, row["person_id"]) for name in row["entered"]}
            seen -= {(name, row["person_id"]) for name in row["exited"]}
            assert row["at"] == now
        assert seen == expected, "the changes lead from one state to the next"
        counted = Counter(name for name, _ in expected)
        assert dict(sizes(world.workspace).select("audience", "size").rows()) == {
            name: counted[name] for name in world.workspace.audiences
        }


def happened(person: str, *moments: datetime) -> pl.DataFrame:
    rows = [{"person_id": person, "event_time": moment, "kind": "visit"} for moment in moments]
    return pl.DataFrame(rows, schema=random_rules.EVENTS)


ACTIVE = {"event": "shop", "within_last": "1 day"}
TWO = pl.DataFrame({"person_id": ["a", "b"]}, schema_overrides={"person_id": pl.String})


def test_time_alone_makes_people_leave_and_enter(tmp_path):
    world = World(tmp_path, {"active": streamed(ACTIVE), "gone": streamed({"none": [ACTIVE]})})
    world.build(TWO, START)
    qualify(world.workspace, START)
    assert world.standing() == {("gone", "a"), ("gone", "b")}
    world.land("shop", happened("a", START))
    came = qualify(world.workspace, START + timedelta(minutes=1))
    assert came.rows() == [("active", 1, 1, 0), ("gone", 1, 0, 1)]
    still = qualify(world.workspace, START + timedelta(days=1))
    assert still.rows() == [("active", 1, 0, 0), ("gone", 1, 0, 0)], "a day after it is within the last day"
    left = qualify(world.workspace, START + timedelta(days=1, microseconds=1))
    assert left.rows() == [("active", 0, 0, 1), ("gone", 2, 1, 0)]


def test_somebody_who_was_never_seen_enters_at_once(tmp_path):
    world = World(tmp_path, {"active": streamed(ACTIVE)})
    world.build(TWO, START)
    world.land("shop", happened("a", START - timedelta(days=3)))
    qualify(world.workspace, START)
    world.land("shop", happened("new", START + timedelta(hours=1)))
    assert qualify(world.workspace, START + timedelta(hours=2)).rows() == [("active", 1, 1, 0)]
    assert world.standing() == {("active", "new")}


def test_who_opts_out_leaves_at_once(tmp_path):
    consent = "{title: Marketing, rule: {none: [{attribute: opted_out, operator: equals, value: true}]}}"
    buyers = streamed({"event": "shop"}, purpose="marketing")
    world = World(tmp_path, {"buyers": buyers}, consent)
    contacts = world.workspace.lake.records("contacts")
    contacts.append(pl.DataFrame({"customer_id": ["a", "b"], "opted_out": [False, False]}))
    world.build(TWO.with_columns(opted_out=pl.lit(False)), START)
    world.land("shop", pl.concat([happened("a", START), happened("b", START)]))
    qualify(world.workspace, START + timedelta(minutes=1))
    assert world.standing() == {("buyers", "a"), ("buyers", "b")}
    contacts.replace(pl.DataFrame({"customer_id": ["a", "b"], "opted_out": [False, True]}))
    qualify(world.workspace, START + timedelta(minutes=2))
    assert world.standing() == {("buyers", "a")}


def test_a_definition_that_changes_is_found_anew(tmp_path):
    world = World(tmp_path, {"it": streamed(ACTIVE)})
    world.build(TWO, START)
    world.land("shop", happened("a", START))
    qualify(world.workspace, START + timedelta(minutes=1))
    changed = World(tmp_path, {"it": streamed({"none": [ACTIVE]})})
    assert qualify(changed.workspace, START + timedelta(minutes=2)).rows() == [("it", 1, 1, 1)]
    assert changed.standing() == {("it", "b")}


def test_events_that_are_taken_back_count_no_longer(tmp_path):
    world = World(tmp_path, {"it": streamed(ACTIVE)})
    world.build(TWO, START)
    world.land("shop", happened("a", START))
    qualify(world.workspace, START + timedelta(minutes=1))
    shop = world.workspace.lake.events("shop")
    shop.replace(shop.scan().collect().clear(), START.date())
    assert qualify(world.workspace, START + timedelta(minutes=2)).rows() == [("it", 0, 0, 1)]


def test_what_cannot_be_evaluated_as_events_come_is_said(tmp_path):
    daily, top = {"title": "Daily", "rule": ACTIVE}, {"by": "rank", "most": 1}
    audiences = {
        "able": streamed(ACTIVE), "daily": daily, "of_daily": streamed({"audience": "daily"}),
        "first": streamed(ACTIVE, top=top), "of_first": streamed({"none": [{"audience": "first"}]}),
    }  # fmt: skip
    world = World(tmp_path, audiences)
    world.build(random_rules.people(random.Random(1), 3), START)
    world.land("shop", happened("p1", START))
    with pytest.raises(TerminalError) as refused:
        qualify(world.workspace, START + timedelta(minutes=1))
    for told in ("of_daily: the audience daily is found once a day", "first: top: it ranks", "of_first: "):
        assert told in str(refused.value)
    assert world.standing() == {("able", "p1")}


def test_there_is_no_time_after_the_end_of_all_data(tmp_path):
    world = World(tmp_path, {"it": streamed(ACTIVE)})
    last = (START + timedelta(days=1)).date()
    for name in random_rules.DATASETS:
        file = tmp_path / f"include/datasets/{name}.yaml"
        file.write_text(file.read_text().replace("stream: true", f"stream: true, last_day: {last}"))
    world.build(TWO, START)
    world.land("shop", happened("a", START + timedelta(hours=30)))
    qualify(world.workspace, NOW + timedelta(days=1000))
    assert world.standing() == {("it", "a")}


def test_plain_python_agrees_too(tmp_path):
    """The other evaluator is checked against it elsewhere: once more, through the stream."""
    dice = random.Random(99)
    people = random_rules.people(dice, PEOPLE)
    written = {f"a{n}": random_rules.rule(dice, []) for n in range(40)}
    coming = {name: random_rules.happened(dice, PEOPLE, EVENTS) for name in random_rules.DATASETS}
    world = World(tmp_path, {name: streamed(rule) for name, rule in written.items()})
    world.build(people, START)
    for name, frame in coming.items():
        world.land(name, frame.clear())
    qualify(world.workspace, START)
    for name, frame in coming.items():
        world.land(name, frame)
    qualify(world.workspace, NOW)
    found = world.standing()
    for profile in people.to_dicts():
        person = profile["person_id"]
        theirs = {name: frame.filter(person_id=person).to_dicts() for name, frame in coming.items()}
        for name, rule in world.workspace.audiences.items():
            assert ((name, person) in found) == naive.meets(written[name], profile, theirs, NOW, {}), rule


def test_profiles_are_refreshed_of_those_only_of_whom_something_is_new(tmp_path):
    world = World(tmp_path, {})
    world.build(TWO.with_columns(spend=pl.lit(3)), START)
    world.workspace.lake.records("contacts").append(pl.DataFrame({"customer_id": ["a"], "city": ["Bern"]}))
    refresh_profiles(world.workspace, START)
    world.land("shop", happened("a", START + timedelta(hours=1)))
    assert refresh_profiles(world.workspace, START + timedelta(hours=2)) == 1
    assert refresh_profiles(world.workspace, START + timedelta(hours=3)) == 0
    row = world.workspace.lake.live_profiles.scan().collect().to_dicts()
    assert [(each["person_id"], each["spend"], each["last_seen"]) for each in row] == [
        ("a", 3, START + timedelta(hours=1))
    ]


def test_what_is_new_of_somebody_is_told_at_once(tmp_path):
    world = World(tmp_path, {"active": streamed(ACTIVE)})
    world.build(TWO, START)
    world.land("shop", happened("new", START + timedelta(hours=1)))
    qualify(world.workspace, START + timedelta(hours=2))
    assert find(world.workspace, "new") == [{"person_id": "new", "namespace": "customer", "value": "new"}]
    found = person(world.workspace, "new")
    assert found is not None
    assert found.attributes["last_seen"] == START + timedelta(hours=1)
    assert found.live == [{"audience": "active", "is_in": True, "at": START + timedelta(hours=2)}]
    qualify(world.workspace, START + timedelta(hours=26))
    left = person(world.workspace, "new")
    assert left is not None
    assert left.live == [{"audience": "active", "is_in": False, "at": START + timedelta(hours=26)}]
    size = now(world.workspace)["active"]
    assert (size["size"], size["entered"], size["exited"], size["current"]) == (0, 0, 1, True)


def test_with_the_next_daily_profiles_what_was_refreshed_before_goes(tmp_path):
    world = World(tmp_path, {})
    world.build(TWO, START)
    world.land("shop", happened("a", START + timedelta(hours=1)))
    refresh_profiles(world.workspace, START + timedelta(hours=2))
    live = world.workspace.lake.live_profiles
    assert live.partitions() == [START.date().isoformat()]
    world.build(TWO, START + timedelta(days=1))
    world.land("shop", happened("b", START + timedelta(days=1, hours=1)))
    refresh_profiles(world.workspace, START + timedelta(days=1, hours=2))
    assert live.scan().select("person_id", "as_of").collect().rows() == [
        ("b", START.date() + timedelta(days=1))
    ]
