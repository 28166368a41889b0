"""People are components of the graph of links, kept apart by rules, in whatever order links come."""

from datetime import UTC, datetime, timedelta

import networkx as nx
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennial.identity.graph import People, Rules, people

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
NAMESPACES = ["crm", "email", "cookie"]
Drawn = tuple[list[str], list[tuple[int, int, int]]]


def found(namespaces: list[str], links: list[tuple[int, int, int]], rules: Rules = Rules()) -> People:  # noqa: B008
    frame = pl.DataFrame(links, schema={"left": pl.Int64, "right": pl.Int64, "hours": pl.Int64}, orient="row")
    seen = pl.Series("seen", [NOON + timedelta(hours=h) for h in frame["hours"]], pl.Datetime("us", "UTC"))
    return people(pl.Series(namespaces, dtype=pl.String), frame.with_columns(seen), rules)


@st.composite
def graphs(draw: st.DrawFn) -> Drawn:
    namespaces = draw(st.lists(st.sampled_from(NAMESPACES), min_size=2, max_size=14))
    node = st.integers(0, len(namespaces) - 1)
    links = draw(st.lists(st.tuples(node, node, st.integers(0, 5)), max_size=24))
    return namespaces, [link for link in links if link[0] != link[1]]


@given(graphs())
def test_without_rules_people_are_the_components_of_another_library(drawn):
    namespaces, links = drawn
    graph: nx.Graph = nx.Graph()
    graph.add_nodes_from(range(len(namespaces)))
    graph.add_edges_from((left, right) for left, right, _ in links)
    expected = {node: min(part) for part in nx.connected_components(graph) for node in part}
    answer = found(namespaces, links)
    assert dict(enumerate(answer.label.tolist())) == expected
    assert answer.refused.is_empty()


RULES = [
    Rules(unique=frozenset({"crm"})),
    Rules(most=3),
    Rules(frozenset({"crm", "email"}), {"crm": 2, "email": 1}, most=4),
]


@pytest.mark.parametrize("rules", RULES)
@given(drawn=graphs(), data=st.data())
def test_nobody_breaks_a_rule_and_no_link_is_refused_without_need(rules, drawn, data):
    namespaces, links = drawn
    answer = found(namespaces, links, rules)
    for label in np.unique(answer.label).tolist():
        of = [namespaces[node] for node in np.flatnonzero(answer.label == label)]
        assert len(of) <= rules.most
        assert all(of.count(name) <= 1 for name in rules.unique)
        assert label == np.flatnonzero(answer.label == label)[0]
    for left, right, reason in answer.refused.iter_rows():
        one, other = ({*np.flatnonzero(answer.label == answer.label[end]).tolist()} for end in (left, right))
        assert one.isdisjoint(other)
        both = [namespaces[node] for node in one | other]
        twice = any(both.count(name) > 1 for name in rules.unique)
        assert twice if reason == "unique" else len(both) > rules.most
    followed = {(left, right) for left, right, _ in links} - set(
        answer.refused.select("left", "right").rows()
    )
    assert all(answer.label[left] == answer.label[right] for left, right in followed)
    shuffled = data.draw(st.permutations([(right, left, hours) for left, right, hours in links]))
    assert found(namespaces, shuffled, rules).label.tolist() == answer.label.tolist()


def test_two_customers_on_one_device_stay_apart_and_it_belongs_to_the_newest():
    answer = found(["crm", "crm", "cookie"], [(0, 2, 1), (1, 2, 2)], Rules(unique=frozenset({"crm"})))
    assert answer.label.tolist() == [0, 1, 1]
    assert answer.refused.rows() == [(0, 2, "unique")]


def test_the_namespace_of_the_highest_priority_decides_before_time():
    rules = Rules(frozenset({"crm"}), {"crm": 2, "email": 1})
    namespaces = ["crm", "crm", "email", "cookie"]
    links = [(0, 2, 1), (1, 3, 5), (2, 3, 9)]
    answer = found(namespaces, links, rules)
    assert answer.label.tolist() == [0, 1, 0, 0]
    assert answer.refused.rows() == [(1, 3, "unique")]


def test_a_person_with_too_many_devices_keeps_the_newest_and_the_others_are_named():
    devices = list(range(1, 9))
    answer = found(["crm", *["cookie"] * 8], [(0, n, n) for n in devices], Rules(most=4))
    assert answer.label.tolist() == [0, 1, 2, 3, 4, 5, 0, 0, 0]
    assert answer.refused.rows() == [(0, n, "most") for n in (5, 4, 3, 2, 1)]


def test_nobody_is_linked():
    answer = found(["crm", "email"], [])
    assert answer.label.tolist() == [0, 1]
