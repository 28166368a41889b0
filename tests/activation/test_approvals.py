"""A person is asked before the first send, and when a size jumps either way; answers are remembered."""

import pytest
from pydantic import ValidationError

from perennial.activation.approvals import Approvals, Question, questions
from perennial.activation.ledger import migrate
from perennial.activation.timing import Approval

BOTH = Approval()


def asked(size: int, held: int | None = None, agreed: int | None = None, how: Approval = BOTH) -> list[str]:
    found = questions(
        how, {"a": size}, {} if held is None else {"a": held}, {} if agreed is None else {"a": agreed}
    )
    return [each.why for each in found]


def test_a_first_send_is_asked_about_once() -> None:
    assert asked(10) == asked(0) == ["sent for the first time"]
    assert asked(10, agreed=12) == []
    assert asked(10, how=Approval(first=False)) == []


def test_a_jump_is_asked_about_whichever_way() -> None:
    assert asked(150, 100) == asked(50, 100) == asked(0, 0) == []
    assert asked(151, 100) == ["grows by 51%"]
    assert asked(0, 100) == ["shrinks by 100%"]
    assert asked(5, 0) == ["nobody of it is there now"]
    assert asked(1000, 10, how=Approval(jump=None)) == []


def test_a_size_that_was_approved_is_not_asked_about_again() -> None:
    assert asked(1000, 100, agreed=900) == []
    assert asked(2000, 100, agreed=900) == ["grows by 1900%"]


@pytest.mark.parametrize("jump", ["50", "0%", "many"])
def test_a_jump_is_a_percentage(jump: str) -> None:
    with pytest.raises(ValidationError, match="jump"):
        Approval(jump=jump)


def test_answers_are_kept(store_url: str) -> None:
    migrate(store_url)
    kept = Approvals(store_url, "esp", "mail")
    kept.ask("run1", [Question("a", 10, None), Question("b", 5, 20)])
    assert kept.standing() == ({}, {}), "a question is no approval"
    assert kept.answer("run1", False, "ann") == {"a": 10, "b": 5}
    assert kept.standing() == ({}, {})
    kept.ask("run2", [Question("a", 11, None)])
    assert kept.answer("run2", True, "bob") == {"a": 11}
    assert kept.standing() == ({}, {"a": 11})
    assert Approvals(store_url, "esp", "other").standing() == ({}, {})
