"""Parameters are bound, wherever they stand; literals, comments and per cent signs stay what they are."""

import time
from typing import Any

import pytest

from perennial.web.parameters import parameters_of, to_placeholders
from perennial.web.store import Store


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("SELECT $day::date - 30 WHERE a = $lookback", {"day", "lookback"}),
        ("SELECT '$day', \"$day\" -- $day\n /* $day */", set()),
        ("SELECT 'it''s $no', $yes", {"yes"}),
        ("SELECT $1, $$text$$", set()),
    ],
)
def test_parameters_are_found_outside_of_literals_and_comments(sql: str, names: set[str]) -> None:
    assert parameters_of(sql) == names


def test_per_cent_signs_survive() -> None:
    assert to_placeholders("SELECT 7 % 4, '5 %', $day") == "SELECT 7 %% 4, '5 %%', %(day)s"


@pytest.mark.store
@pytest.mark.parametrize("value", ["'; DROP TABLE dim_campaign; --", "%s", "%(day)s", "\\", "Ünï", ""])
def test_a_hostile_value_is_only_a_value(filled: Store, value: Any) -> None:
    result = filled.query("SELECT $x::text AS said, 7 % 4 AS rest", {"x": value})
    assert result.rows == [(value, 3)]
    assert filled.query("SELECT count(*) FROM dim_campaign").rows[0][0] > 0


@pytest.mark.parametrize("piece", ["/*", "'", '"', "E'\\\\'/*", "$a", "--"])
def test_parameters_are_found_in_time_by_the_length_alone(piece: str) -> None:
    begun = time.process_time()
    parameters_of(piece * (400_000 // len(piece)))
    assert time.process_time() - begun < 2
