"""Facts that count members by pairs of audiences and by namespaces, against counting them one by one."""

from collections import Counter
from datetime import date, timedelta
from hashlib import md5
from itertools import combinations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from perennial.insights.engine import Engine
from perennial.insights.model import load_models
from perennial.insights.people import PEOPLE
from perennial.settings import REPOSITORY

MODELS = load_models(REPOSITORY / "include/sql/insights")
DAYS = [date(2017, 12, 30), date(2017, 12, 31)]
NAMES = ["card", "device", "email"]
MEMBERSHIP = {"audience": pl.String(), "person_id": pl.String(), "status": pl.String(), "as_of": pl.Date()}
FEW = settings(max_examples=30)
STATUS = st.sampled_from(["entered", "kept", "exited"])
people = st.dictionaries(
    st.tuples(st.integers(0, 8), st.sampled_from(DAYS)),
    st.tuples(
        st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), STATUS),
        st.sets(st.sampled_from(NAMES), min_size=1),
    ),
)


def surrogate(name: str) -> int:
    return int(md5(name.encode()).hexdigest()[:8], 16) - 2**31


def counted(model: str, found: dict) -> Counter:
    """What a model counts, by its keys but the policy."""
    members, names = [], []
    for (number, day), (audiences, namespaces) in found.items():
        as_of = day + timedelta(days=1)
        members += [(audience, f"p{number}", status, as_of) for audience, status in audiences.items()]
        names.append(("people", True, as_of, f"p{number}", sorted(namespaces), len(namespaces)))
    engine = Engine(
        {
            "membership": pl.LazyFrame(members, schema=MEMBERSHIP, orient="row"),
            "people_by_policy": pl.LazyFrame(names, schema=PEOPLE, orient="row"),
            "profile_definitions": pl.LazyFrame({"name": ["people"], "is_default": [True]}),
        },
        None,
    )
    rows = engine.rows(MODELS[model], DAYS).drop("merge_policy_id")
    engine.close()
    assert not rows.is_duplicated().any()
    return Counter({row[:3]: row[3:] for row in rows.iter_rows()})


@FEW
@given(people)
def test_pairs_of_audiences(found):
    expected: Counter = Counter()
    for (_, day), (audiences, _) in found.items():
        numbers = sorted(surrogate(name) for name, status in audiences.items() if status != "exited")
        expected.update((day, *pair) for pair in combinations(numbers, 2))
    pairs = counted("adwh_fact_profile_overlap_of_segments", found)
    assert pairs == {key: (count,) for key, count in expected.items()}


@FEW
@given(people)
def test_namespaces_of_members(found):
    every: Counter = Counter()
    alone: Counter = Counter()
    for (_, day), (audiences, namespaces) in found.items():
        for audience in [name for name, status in audiences.items() if status != "exited"]:
            keys = [(day, surrogate(audience), surrogate(name)) for name in namespaces]
            every.update(keys)
            alone.update(keys if len(keys) == 1 else [])
    expected = {key: (count, alone[key]) for key, count in every.items()}
    assert counted("adwh_fact_profile_by_segment_and_namespace", found) == expected


@FEW
@given(people)
def test_combinations_of_namespaces_of_members(found):
    expected: Counter = Counter()
    for (_, day), (audiences, namespaces) in found.items():
        combination = surrogate(" + ".join(sorted(namespaces)))
        expected.update(
            (day, surrogate(name), combination) for name, status in audiences.items() if status != "exited"
        )
    together = counted("adwh_fact_profile_overlap_of_namespace_by_segment", found)
    assert together == {key: (count,) for key, count in expected.items()}
