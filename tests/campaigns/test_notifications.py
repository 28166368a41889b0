"""Reports as RFC 3464's appendix, Postfix and RFC 5965 have them; and whose message they are about."""

import time
from contextlib import suppress
from pathlib import Path

import pytest
from campaigns.documents import MARK, SIGNER
from hypothesis import given
from hypothesis import strategies as st

from perennial.campaigns.notifications import ReportRefusedError, notices, read, references

REPORTS = Path(__file__).with_name("reports")
REFERENCE = SIGNER.reference(MARK.message_id)


def report(name: str, **values: str) -> bytes:
    """A sample; of ours, with what the mail server put in."""
    text = (REPORTS / f"{name}.eml").read_text()
    for key, value in {"envelope": "", "message": "", "status": "5.1.1", **values}.items():
        text = text.replace(f"{{{key}}}", value)
    return text.encode()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rfc3464_simple", [("bounced", "4.0.0", False)]),
        (
            "rfc3464_multiple",
            [("bounced", "5.0.0", True), ("delayed", "4.0.0", False), ("bounced", "5.0.0", True)],
        ),
        ("rfc3464_gateway", [("bounced", "5.0.0", True)]),
        ("rfc3464_delayed", [("delayed", "4.0.0", False)]),
        ("postfix", [("bounced", "5.1.1", True)]),
        ("complaint", [("complained", None, False)]),
    ],
)
def test_what_is_reported(name: str, expected: list) -> None:
    found = notices(read(report(name)))
    assert [(notice.kind, notice.status, notice.hard) for notice in found] == expected


def test_reasons_name_nobody() -> None:
    reasons = [notice.reason for notice in notices(read(report("rfc3464_multiple")))]
    assert reasons[0] == "smtp; 550 '<address>' is not a registered gateway user"
    assert not any("@" in reason for reason in reasons)


def test_a_policy_is_not_the_addresss_fault() -> None:
    assert [notice.hard for notice in notices(read(report("postfix", status="5.7.1")))] == [False]
    vague = report("postfix").replace(b"Status: 5.1.1", b"Status: 5.0.0").replace(b"550 5.1.1", b"550 5.7.26")
    assert [notice.hard for notice in notices(read(vague))] == [False]


@pytest.mark.parametrize("place", ["envelope", "message"])
def test_the_message_is_found_wherever_it_is_named(place: str) -> None:
    assert references(read(report("postfix", **{place: REFERENCE})), SIGNER) == [MARK.message_id]


def test_and_in_the_address_that_the_report_came_to() -> None:
    content = report("rfc3464_gateway").replace(b"owner-ups-mib@", f"b+{REFERENCE.upper()}@".encode())
    assert references(read(content), SIGNER) == [MARK.message_id]
    assert references(read(report("complaint", message=REFERENCE)), SIGNER) == [MARK.message_id]


def test_a_made_up_message_is_nobodys() -> None:
    made_up = REFERENCE[:31] + ("0" if REFERENCE[31] != "0" else "1") + REFERENCE[32:]
    assert references(read(report("postfix", message=made_up, envelope="x" + REFERENCE[1:])), SIGNER) == []
    assert references(read(report("rfc3464_simple")), SIGNER) == []


@given(st.binary(max_size=300), st.integers(0, 2000))
def test_whatever_is_broken_in_a_report_it_is_no_other_messages(noise: bytes, at: int) -> None:
    content = report("postfix", message=REFERENCE)
    broken = content[:at] + noise + content[at + len(noise) :]
    with suppress(Exception):
        assert {*references(read(broken), SIGNER)} <= {MARK.message_id}


@pytest.mark.parametrize("content", [b"", b"Subject: I am away\r\n\r\nuntil Monday", b"\x00\xff" * 100,
    b"Content-Type: multipart/report; report-type=delivery-status\r\n\r\nno parts"])  # fmt: skip
def test_what_is_no_report_reports_nothing(content: bytes) -> None:
    assert notices(read(content)) == []


PARTS = b"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n"
BOMBS = {
    "parts within parts": b"".join(
        b"Content-Type: multipart/report; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(1000)
    ) + b"x\r\n" * 300_000,
    "messages within messages": b"Content-Type: message/rfc822\n\n" * 30_000,
    "many parts": PARTS + b"--b\n\n\n" * 170_000,
    "many recipients": PARTS + b"Content-Type: message/delivery-status\n\n" + b"Action: failed\n\n" * 65_000,
    "one long address": PARTS + b"\r\nTo: " + b"a" * 900_000,
    "many addresses": b"To: " + b"a@b," * 200_000 + b"\r\n" + PARTS,
    "comments": b"To: " + b"(" * 200_000 + b"\r\n" + PARTS,
    "encoded words": b"To: " + b"=?utf-8?q?a?= " * 60_000 + b"\r\n" + PARTS,
    "folded lines": b"To: " + b"a\n " * 300_000 + b"\r\n" + PARTS,
    "parameters": b'Content-Type: multipart/report; x="' + b";" * 900_000 + b"\r\n\r\n",
    "a long word in a diagnosis": PARTS + b"Content-Type: message/delivery-status\r\n\r\n\r\nAction: failed"
    b"\r\nDiagnostic-Code: " + b"a" * 900_000 + b"\r\n",
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_what_anybody_sends_is_read_quickly_or_not_at_all(name: str) -> None:
    """The mailbox takes mail from everywhere; each of these took Python's parser minutes."""
    begun = time.process_time()
    with suppress(ReportRefusedError, RecursionError):
        message = read(BOMBS[name])
        notices(message)
        references(message, SIGNER)
    assert time.process_time() - begun < 2


def test_reasons_are_read_whatever_letters_they_are_written_with() -> None:
    said = report("postfix").replace(b"Diagnostic-Code:", b"Diagnostic-Code: =?utf-8?q?gel=C3=B6scht?=")
    assert "gelöscht" in notices(read(said))[0].reason
    odd = report("postfix").replace(b"Diagnostic-Code:", b"Diagnostic-Code: =?nowhere?q?x?=")
    assert notices(read(odd))[0].hard
