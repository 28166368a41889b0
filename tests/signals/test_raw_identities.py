"""Raw records are a person's if their identities say so, and not because a number happens to occur."""

import pytest

from perennial.signals.dataset import Dataset
from perennial.signals.erased import fingerprint
from perennial.signals.raw_identities import RawSearch, fields_of

from .test_erased import VISITS

WANTED = {
    "customer": frozenset({fingerprint("7", "customer"), fingerprint("customer-0007", "customer")}),
    "email": frozenset({fingerprint("anna@example.com", "email")}),
}


@pytest.fixture
def search() -> RawSearch:
    columns = VISITS["columns"] | {"customer": {"type": "string", "source": "who.id"}}  # type: ignore[operator]
    return RawSearch(fields_of(Dataset.model_validate(VISITS | {"columns": columns})), WANTED)


@pytest.mark.parametrize(
    "raw",
    [
        '{"who": {"id": 7}}',
        '{"who": {"id": " 7 "}, "n": 1}',
        '{"who.id": "7"}',
        '{"customer": "7"}',
        '{"email": "ANNA@example.com"}',
        '{"anything": ["for <anna@example.com>."]}',
        '[{"customer": "7"}]',
        '"unclosed;anna@example.com;1',
        "customer-0007,1,2",
        "mailto:Anna@Example.com!",
    ],
)
def test_what_is_the_persons(search, raw):
    assert search.matches(raw)


@pytest.mark.parametrize(
    "raw",
    [
        '{"who": {"id": 8}, "pieces": 7}',
        '{"n": 7}',
        '{"email": "hanna@example.com"}',
        '{"who": {"id": null}, "email": true}',
        "a;7;b",
        "7",
        "",
        None,
        "\ud800",
    ],
)
def test_what_is_not(search, raw):
    assert not search.matches(raw)


def test_short_words_of_broken_records_leave_it_open(search):
    assert search.is_open("a;7;b")
    assert not search.is_open("a;8;b")
    assert not search.is_open('{"n": 7}')
    assert not search.is_open("7;anna@example.com"), "this one is clear"
