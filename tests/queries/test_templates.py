"""Saved queries: what they declare is what they use, and values are checked before anything runs."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from perennial.documents import DocumentError
from perennial.queries.errors import QueryError
from perennial.queries.templates import Parameter, Template, values_for
from perennial.settings import REPOSITORY
from perennial.sql_files import load_all_sql, load_sql


def test_the_products_own_can_be_read():
    found = load_all_sql(REPOSITORY / "include" / "sql" / "templates", Template)
    assert len(found) >= 3
    assert {each.dialect for each in found.values()} == {"lake", "store"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT 1", "expected a comment"),
        ("/* title: [ */ SELECT 1", "no YAML"),
        ("/* a text */ SELECT 1", "expected keys and values"),
        ("/* title: T */ SELECT $day", r"uses \$day, which `parameters` does not declare"),
        ("/*\ntitle: T\nparameters: {day: {type: date}}\n*/ SELECT 1", r"does not use \$day"),
        ("/*\ntitle: T\nparameters: {day: {type: day}}\n*/ SELECT $day", "parameters.day.type"),
        ("/*\ntitle: T\nsurprise: 1\n*/ SELECT 1", "surprise"),
        ("/* title: T */ SELECT 'a", "does not end"),
        ("/* title: T */", "sql"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, text, said):
    path = tmp_path / "mine.sql"
    path.write_text(text)
    with pytest.raises(DocumentError, match=said) as error:
        load_sql(path, Template)
    assert "mine.sql" in str(error.value)


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        ("text", 7, "7"),
        ("integer", "7", 7),
        ("integer", 7.0, 7),
        ("number", "1.50", Decimal("1.50")),
        ("number", 2.5, 2.5),
        ("date", "2017-12-31", date(2017, 12, 31)),
        ("date", datetime(2017, 12, 31, 5, tzinfo=UTC), date(2017, 12, 31)),
        ("timestamp", "2017-12-31T05:00:00+00:00", datetime(2017, 12, 31, 5, tzinfo=UTC)),
        ("boolean", "true", True),
        ("boolean", False, False),
    ],
)
def test_values_are_what_is_declared(kind, given, expected):
    found = values_for({"x": Parameter(type=kind)}, {"x": given})["x"]
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("declared", "given", "said"),
    [
        (Parameter(), {}, r"\$x has no value"),
        (Parameter(title="Since"), {"x": None}, "Since"),
        (Parameter(type="integer"), {"x": "seven"}, "a whole number; found 'seven'"),
        (Parameter(type="integer"), {"x": True}, "a whole number"),
        (Parameter(type="date"), {"x": "31.12.2017"}, "a day such as"),
        (Parameter(type="boolean"), {"x": "yes"}, "true or false"),
        (Parameter(choices=["a", "b"]), {"x": "c"}, "one of a, b"),
        (Parameter(default="a"), {"y": 1}, r"no parameter \$y"),
    ],
)
def test_a_value_that_is_missing_or_strange_is_refused(declared, given, said):
    with pytest.raises(QueryError, match=said) as error:
        values_for({"x": declared}, given)
    assert error.value.kind == "parameter"


def test_a_default_is_taken_where_nothing_is_given():
    declared = {
        "x": Parameter(type="date", default=date(2017, 12, 1)),
        "y": Parameter(type="integer", default=3),
    }
    assert values_for(declared, {"y": ""}) == {"x": date(2017, 12, 1), "y": 3}
