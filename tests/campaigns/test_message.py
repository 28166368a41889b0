"""An e-mail as it goes over the wire: headers, both texts, and links that lead to the collector."""

import re
from email import message_from_bytes, policy
from pathlib import Path

from campaigns.documents import AS_OF, BASE, MARK, NOW, SIGNER, composer


def made(folder: Path, **changes):
    envelope = composer(folder, **changes).compose(MARK, "ann@example.com", {"first_name": "Änn"}, NOW)
    return envelope, message_from_bytes(envelope.content, policy=policy.default)


def test_its_headers(tmp_path: Path) -> None:
    envelope, message = made(tmp_path, reply_to="help@example.com")
    assert (envelope.sender, envelope.recipient) == ("shop@example.com", "ann@example.com")
    assert envelope.reference == SIGNER.reference(MARK.message_id)
    expected = {
        "from": "Our shop <shop@example.com>", "to": "ann@example.com", "reply-to": "help@example.com",
        "subject": "Thank you, Änn", "message-id": f"<{envelope.reference}@example.com>",
        "date": "Mon, 05 Jan 2026 10:00:00 +0000",
    }  # fmt: skip
    assert {name: str(message[name]) for name in expected} == expected


def test_one_click_unsubscribes_as_rfc_8058_has_it(tmp_path: Path) -> None:
    envelope, message = made(tmp_path)
    assert message["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    token = re.fullmatch(rf"<{BASE}/u/([\w-]+)>", message["list-unsubscribe"])
    assert token
    assert SIGNER.opened(token[1], "unsubscribe") == (MARK, None)
    # In one line and as it is: programs that look for the header do not decode words.
    assert re.search(rb"(?m)^List-Unsubscribe: <https://[\x21-\x7e]+>\r$", envelope.content)


def test_it_has_a_text_and_an_html_with_tracked_links(tmp_path: Path) -> None:
    _, message = made(tmp_path)
    text, html = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert "Dear Änn, see https://shop.example.com/a?b=1&c=2" in text
    links = dict(re.findall(rf'{BASE}/(\w)/([\w-]+)"', html))
    assert SIGNER.opened(links["c"], "click") == (MARK, "https://shop.example.com/a?b=1&c=2")
    assert SIGNER.opened(links["o"], "open") == (MARK, None)
    assert SIGNER.opened(links["u"], "unsubscribe")[0].as_of == AS_OF
    assert html.count(BASE) == 3


def test_nothing_is_tracked_that_should_not_be(tmp_path: Path) -> None:
    _, message = made(tmp_path, tracking={"opens": False, "clicks": False})
    html = message.get_body(("html",)).get_content()
    assert 'href="https://shop.example.com/a?b=1&amp;c=2"' in html
    assert f"{BASE}/o/" not in html
    assert f"{BASE}/c/" not in html


def test_any_mail_server_takes_it(tmp_path: Path) -> None:
    envelope, _ = made(tmp_path)
    assert envelope.content.isascii()
    assert max(map(len, envelope.content.split(b"\r\n"))) < 998
    assert b"\n" not in envelope.content.replace(b"\r\n", b"")
