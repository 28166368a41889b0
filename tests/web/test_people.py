"""A person is found by any identity, and their page tells what is known; only to those who may see people."""

import polars as pl
import pytest

from perennial.web.people_pages import HEIGHT, WIDTH, lines


@pytest.mark.parametrize("asked", ["7", " Household.7@Example.com ", "HOUSEHOLD.7@example.com"])
def test_a_person_is_found_by_any_identity(admin, asked):
    page = admin.page("/people", q=asked)
    assert "<h1>7</h1>" in page


def test_whom_nobody_knows_is_not_found(admin):
    assert "Nobody" in admin.page("/people", q="nobody@example.com")
    assert "Nobody" not in admin.page("/people")
    assert admin.get("/people/12345").status_code == 404


def test_a_page_tells_what_is_known_and_since_when(admin):
    page = admin.page("/people/7")
    assert "household.7@example.com" in page
    assert "Top spenders" in page
    assert "as of 1 Jan 2018" in page, "in it since the day before, and they stayed"
    assert "audiences/top_spenders?person=7#why" in page
    assert "audiences/big_baskets?person=7#why" in page, "also of those they are not in"
    assert "How to reach the households" in page, "where the address came from"
    assert "Lines of till receipts" in page
    assert "joined" in page
    assert "<polyline points=" in page


def test_people_are_for_those_who_define_audiences(viewer):
    assert viewer.get("/people", q="7").status_code == 403
    assert viewer.get("/people/7").status_code == 403


def test_lines_begin_and_end_at_the_edges_and_the_best_rank_is_at_the_top():
    history = pl.DataFrame(
        {
            "as_of": ["2018-01-01", "2018-01-02", "2018-01-05"],
            "spend_12m_decile": [10, None, 1],
            "once": [1, None, None],
        }
    ).with_columns(pl.col("as_of").str.to_date())
    (line,) = lines(history)
    assert (line.label, line.first, line.last) == ("spend 12m decile", 10, 1)
    assert (str(line.first), str(line.last)) == ("10", "1")
    assert line.points == f"4.0,{HEIGHT - 4:.1f} {WIDTH - 4:.1f},4.0"
