"""Who is who: however links come, in whichever portions, the answer is that of all of them at once."""

from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from perennial.identity.links import merged
from perennial.identity.namespace import Namespace
from perennial.identity.resolve import Naming, current, ends, periods, resolve
from perennial.lake.identity import EVENTS, LINKS, MAPPING, NAME

NOW = datetime(2024, 5, 1, tzinfo=UTC)
NAMESPACES = {
    each.name: each
    for each in (
        Namespace(name="customer", title="Customer", type="cross_device", unique=True, priority=100),
        Namespace(name="email", title="E-mail", type="email", priority=50),
        Namespace(name="device", title="Device", type="device", priority=10),
    )
}
NAMING = Naming(NAMESPACES, "customer", most=8)


def link(left: str, right: str, seen: int = 0) -> dict:
    """Two identities, written as `customer:1`, seen together on a day of May."""
    (one, a), (other, b) = left.split(":"), right.split(":")
    at = NOW + timedelta(days=seen)
    return {
        "left_namespace": one, "left": a, "right_namespace": other, "right": b,
        "dataset": "visits", "first_seen": at, "last_seen": at,
    }  # fmt: skip


class Graph:
    """Takes portions of links in, one after the other, as the tables of the lake do."""

    def __init__(self, naming: Naming = NAMING) -> None:
        self.naming = naming
        self.links, self.mapping = pl.DataFrame(schema=LINKS), pl.DataFrame(schema=MAPPING)
        self.events = pl.DataFrame(schema=EVENTS)
        self.at, self.step = NOW, 0

    def take(self, *links: dict) -> pl.DataFrame:
        fresh = merged(pl.LazyFrame(list(links), schema=LINKS)).collect()
        before = current(self.mapping.lazy())
        self.links = merged(pl.concat([self.links, fresh]).lazy()).collect()
        found = resolve(
            self.links.lazy(), ends(fresh.lazy()).collect(), before, self.naming, self.at, self.step
        )
        self.mapping = pl.concat([self.mapping, found.mapping])
        self.events = pl.concat([self.events, found.events])
        self.at += timedelta(days=1)
        self.step += 1
        return found.events

    def people(self) -> dict[str, str]:
        rows = current(self.mapping.lazy()).collect()
        return {f"{row['namespace']}:{row['value']}": row["person_id"] for row in rows.iter_rows(named=True)}


def kinds(events: pl.DataFrame) -> list[tuple]:
    return events.select("event", "other_person", "person_id").rows()


def test_a_visitor_who_logs_in_was_that_customer_all_along():
    graph = Graph()
    assert kinds(graph.take(link("device:d1", "email:a@x", 1))) == [("joined", "device:d1", "email:a@x")]
    assert graph.people() == {"device:d1": "email:a@x", "email:a@x": "email:a@x"}
    events = graph.take(link("customer:7", "email:a@x", 2))
    assert kinds(events) == [("merged", "email:a@x", "7")]
    assert graph.people() == {"device:d1": "7", "email:a@x": "7", "customer:7": "7"}
    before = current(graph.mapping.lazy(), NOW).collect()
    assert set(before["person_id"]) == {"email:a@x"}


def test_two_customers_who_share_a_device_are_two_people():
    graph = Graph()
    graph.take(link("customer:1", "device:tv", 1))
    events = graph.take(link("customer:2", "device:tv", 2))
    # The device is whose it was seen with last.
    assert graph.people() == {"customer:1": "1", "customer:2": "2", "device:tv": "2"}
    assert kinds(events) == [("split", "1", "2"), ("refused", "2", "1")]
    refused = events.filter(event="refused").row(0, named=True)
    assert refused["reason"] == "unique"
    assert {refused["namespace"], refused["other_namespace"]} == {"customer", "device"}


def test_a_stronger_link_that_comes_later_counts_for_more():
    graph = Graph()
    graph.take(link("customer:1", "email:a@x", 1), link("email:a@x", "device:d", 1))
    graph.take(link("customer:2", "device:d", 9))
    # The link to the e-mail address has the higher priority; the device goes with whom it was seen last.
    assert graph.people() == {"customer:1": "1", "email:a@x": "1", "device:d": "2", "customer:2": "2"}


def test_people_do_not_grow_beyond_the_cap_and_what_is_left_out_is_said():
    graph = Graph()
    events = graph.take(*(link("customer:1", f"device:{n}", n) for n in range(10)))
    mine = [name for name, person in graph.people().items() if person == "1"]
    # The oldest links are those that are not followed.
    assert sorted(mine) == ["customer:1", *(f"device:{n}" for n in range(3, 10))]
    assert events.filter(event="refused")["reason"].to_list() == ["most"] * 3


def test_periods_say_whose_an_identity_was_when():
    graph = Graph()
    graph.take(link("customer:1", "device:d", 1))
    graph.take(link("customer:2", "device:d", 2))
    rows = periods(graph.mapping.lazy()).filter(namespace="device").sort("since").collect()
    assert rows.select("person_id", "since", "until").rows() == [
        ("1", NOW, NOW + timedelta(days=1)),
        ("2", NOW + timedelta(days=1), None),
    ]


def test_links_that_say_nothing_new_change_nothing():
    graph = Graph()
    graph.take(link("customer:1", "device:d", 1))
    assert graph.take(link("customer:1", "device:d", 1)).is_empty()
    assert graph.mapping.height == 2


NAMES = st.sampled_from([*(f"customer:{n}" for n in range(4)), *(f"email:{n}" for n in range(5)),
                         *(f"device:{n}" for n in range(6))])  # fmt: skip
LINK = st.tuples(NAMES, NAMES, st.integers(0, 20)).filter(lambda ends: ends[0] != ends[1])


@settings(max_examples=60)
@given(st.lists(st.lists(LINK, min_size=1, max_size=6), min_size=1, max_size=6), st.randoms())
def test_the_order_and_the_portions_of_links_leave_no_trace(portions, random):
    one, other = Graph(), Graph()
    for portion in portions:
        one.take(*(link(*ends) for ends in portion))
    every = [link(*ends) for portion in portions for ends in portion]
    random.shuffle(every)
    other.take(*every)
    mine, theirs = (current(g.mapping.lazy()).drop("since").collect().sort(NAME) for g in (one, other))
    assert_frame_equal(mine, theirs)
    # And the rules hold: nobody has two customers, or more identities than the cap.
    sizes = mine.group_by("person_id").agg(pl.len(), customers=(pl.col("namespace") == "customer").sum())
    assert sizes.filter((pl.col("len") > NAMING.most) | (pl.col("customers") > 1)).is_empty()
