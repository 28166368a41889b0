"""What is said of bounces: codes, and a provider's own names; never what may name somebody."""

import pytest

from perennial.responses.bounces import class_of, code, word


@pytest.mark.parametrize(
    ("said", "found", "kind"),
    [
        (["550 5.1.1 no such user"], "5.1.1", "hard"), (["452", "4.2.2"], "4.2.2", "soft"),
        (["554 5.7.1 blocked"], "5.7.1", "soft"), (["550", None], "550", "hard"), ([421], "421", "soft"),
        (["from 10.5.50.1, user 5500"], None, None), ([], None, None),
    ],
)  # fmt: skip
def test_codes(said: list[object], found: str | None, kind: str | None) -> None:
    assert (code(*said), class_of(found)) == (found, kind)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("UNKNOWN_USER", "UNKNOWN_USER"), ("Block bounce", "Block bounce"), ("ann@example.com", None),
        (5, None), ("x" * 61, None), ("", None),
    ],
)  # fmt: skip
def test_words(said: object, found: str | None) -> None:
    assert word(said) == found
