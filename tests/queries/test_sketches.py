"""Sketches: as exact as documented, the same however they are merged, texts that can be kept."""

from math import sqrt

import pytest

from perennial.queries.errors import QueryError

BUILD = "SELECT hll_estimate(hll_build_agg(i)) FROM range({n}) t(i)"


@pytest.mark.parametrize("n", [0, 1, 7, 100, 3_000, 12_000, 150_000])
def test_a_count_is_within_three_standard_errors(run, n):
    error = 1.04 / sqrt(4096)
    [(found,)] = run(BUILD.format(n=n))
    assert abs(found - n) <= max(3 * error * n, 0.5)


def test_errors_of_many_sketches_are_those_that_are_documented(run):
    sql = """
        SELECT count(*), avg(hll_estimate(s) / 500.0 - 1), sqrt(avg((hll_estimate(s) / 500.0 - 1) ** 2))
        FROM (SELECT g, hll_build_agg(g * 1000 + i, lg_k := 6) AS s
              FROM range(200) a(g), range(500) b(i) GROUP BY g)
    """
    [(count, bias, spread)] = run(sql)
    documented = 1.04 / sqrt(64)
    assert count == 200
    assert abs(bias) < 4 * documented / sqrt(count)
    assert 0.8 * documented < spread < 1.2 * documented


def test_parts_that_overlap_are_merged_into_the_sketch_of_the_whole(run):
    sql = """
        WITH days AS (
            SELECT i // 100 AS day, hll_build_agg(i % 700) AS sketch FROM range(2000) t(i) GROUP BY 1
        )
        SELECT hll_merge_agg(sketch) = (SELECT hll_build_agg(i) FROM range(700) t(i)),
            hll_merge_count_agg(sketch), hll_estimate(hll_merge_agg(sketch)) FROM days
    """
    [(same, merged, estimated)] = run(sql)
    assert same
    assert merged == estimated
    assert abs(merged - 700) < 35


def test_merging_again_changes_nothing(run):
    sql = """
        WITH a AS (SELECT hll_build_agg(i) AS s FROM range(500) t(i)),
            b AS (SELECT hll_merge_agg(s) AS s FROM a)
        SELECT (SELECT s FROM a) = (SELECT s FROM b),
            (SELECT hll_merge_agg(s) FROM (FROM a UNION ALL FROM b)) = (SELECT s FROM a)
    """
    assert run(sql) == [(True, True)]


def test_values_of_any_type_are_counted_and_nulls_are_not(run):
    assert run("SELECT hll_build_agg(x), hll_estimate(hll_build_agg(x)) FROM (SELECT NULL AS x)") == [
        ("hll12:", 0)
    ]
    sql = "SELECT hll_estimate(hll_build_agg(x)) FROM (VALUES ({}), ({}), (NULL)) v(x)"
    for one, other in (
        ("'a'", "'b'"),
        ("DATE '2017-01-01'", "DATE '2017-01-02'"),
        ("1.5", "1.50"),
        ("true", "false"),
    ):
        assert run(sql.format(one, other)) == [(1 if one == "1.5" else 2,)]


def test_a_sketch_is_a_text_that_does_not_change(run):
    """A sketch that was kept yesterday is merged with today's: its hash is MD5, its form is fixed."""
    assert run("SELECT hll_build_agg(i) FROM range(3) t(i)") == [("hll12:19bc51d98230343",)]


def test_sketches_with_fewer_registers_are_merged_only_if_asked_for(run):
    sketches = """(SELECT hll_build_agg(i, lg_k := 10) AS s FROM range(600) t(i)
        UNION ALL SELECT hll_build_agg(i) FROM range(400, 1500) t(i))"""
    with pytest.raises(QueryError, match="different numbers of registers"):
        run(f"SELECT hll_merge_agg(s) FROM {sketches}")
    sql = f"""SELECT hll_merge_agg(s, allow_different := true)
        = (SELECT hll_build_agg(i, lg_k := 10) FROM range(1500) t(i)) FROM {sketches}"""
    assert run(sql) == [(True,)]


@pytest.mark.parametrize("lg_k", [3, 15, 40])
def test_other_numbers_of_registers_are_refused(run, lg_k):
    with pytest.raises(QueryError, match=f"expected 4 to 14; found {lg_k}"):
        run(f"SELECT hll_build_agg(i, lg_k := {lg_k}) FROM range(5) t(i)")
