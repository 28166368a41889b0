"""What a mail server says decides whether it is tried again, and whether the address ever is."""

import pytest

from perennial.campaigns.outcomes import Outcome, is_hard


@pytest.mark.parametrize(
    ("code", "said", "state", "status", "bounce_class"),
    [
        (450, "4.2.0 <ann@example.com>: greylisted", "deferred", "4.2.0", None),
        (421, "closing", "deferred", "4.0.0", None),
        (452, "too many", "deferred", "4.0.0", None),
        (-1, "what is this", "deferred", None, None),
        (550, "5.1.1 <ann@example.com>: user unknown", "bounced", "5.1.1", "hard"),
        (550, "no such user here", "bounced", "5.0.0", "hard"),
        (552, "5.2.2 mailbox full", "bounced", "5.2.2", "hard"),
        (554, "5.7.1 message looks like spam", "blocked", "5.7.1", "soft"),
        (554, "5.6.0 cannot be converted", "blocked", "5.6.0", "soft"),
    ],
)
def test_refusals(code: int, said: str, state: str, status: str, bounce_class: str | None) -> None:
    outcome = Outcome.refused(code, said)
    assert (outcome.state, outcome.status, outcome.bounce_class) == (state, status, bounce_class)
    assert "ann@" not in str(outcome.reason)


def test_hard_is_what_will_not_pass_and_is_the_addresss_fault() -> None:
    assert [is_hard(status) for status in ("5.1.1", "5.0.0", "5.7.26", "5.6.1", "4.4.7", "2.0.0")] == [
        True, True, False, False, False, False,
    ]  # fmt: skip


def test_what_was_taken_was_sent_and_delivered() -> None:
    assert Outcome.sent("2.0.0 Ok: queued as 1A").events == ("processed", "delivered")
