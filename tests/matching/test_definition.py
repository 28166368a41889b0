"""A document says what it means, or is refused with what to do instead."""

from pathlib import Path

import pytest

from perennial.documents import DocumentError
from perennial.matching.definition import PeopleMatch, ProductMatch, load_match, load_matches

PEOPLE = """
title: Members
left: {dataset: customers, key: id}
right: {table: queries/members, key: number, where: {country: [DE, AT]}}
compare: {surname: name, born: {by: code, right: birthday}}
blocks: [[surname], [born]]
threshold: 0.9
"""
PRODUCTS = """
title: Catalogues
kind: products
left: {dataset: products, key: id}
right: {dataset: supplier, key: sku}
text: [name, {left: description, right: details}]
same: [{left: brand, right: maker}]
threshold: 0.4
schedule: 30 6 * * *
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "m.yaml"
    file.write_text(text)
    return file


def test_people(tmp_path):
    match = load_match(written(tmp_path, PEOPLE))
    assert isinstance(match, PeopleMatch)
    assert match.columns("left") == {"surname": "surname", "born": "born"}
    assert match.columns("right") == {"surname": "surname", "born": "birthday"}
    assert (match.least, match.pairs, match.cron) == (0.45, "one_to_one", None)


def test_products(tmp_path):
    match = load_match(written(tmp_path, PRODUCTS))
    assert isinstance(match, ProductMatch)
    assert match.columns("right") == {"name": "name", "description": "details", "brand": "maker"}
    assert match.cron == "30 6 * * *"


@pytest.mark.parametrize(
    ("text", "was", "becomes", "said"),
    [
        (PEOPLE, "[[surname], [born]]", "[[surname], [surname, born]]", "surname is in every block"),
        (
            PEOPLE,
            "[[surname], [born]]",
            "[[surname], [street]]",
            "street is not compared; known: surname, born",
        ),
        (
            PEOPLE,
            "dataset: customers, key",
            "dataset: customers, table: a, key",
            "a dataset or a table, one of",
        ),
        (
            PEOPLE,
            "threshold: 0.9",
            "threshold: 0.9\nreview: 0.95",
            "review, 0.95, is above the threshold, 0.9",
        ),
        (PEOPLE, "surname: name", "surname: soundex", "compare.surname"),
        (PEOPLE, "title: Members", "title: Members\nkind: places", "expected one of people, products"),
        (PRODUCTS, "30 6 * * *", "at dawn", "expected after_signals, by_hand, hourly"),
        (PRODUCTS, "threshold: 0.4", "threshold: 1.4", "threshold"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path, text, was, becomes, said):
    assert was in text
    with pytest.raises(DocumentError, match=said):
        load_match(written(tmp_path, text.replace(was, becomes)))


def test_one_that_cannot_be_read_does_not_keep_the_others(tmp_path):
    folder = tmp_path / "matches"
    folder.mkdir()
    (folder / "good.yaml").write_text(PRODUCTS)
    (folder / "bad.yaml").write_text("title: Bad\n")
    found = load_matches(tmp_path)
    assert isinstance(found["bad"], DocumentError)
    assert isinstance(found["good"], ProductMatch)
