"""Files of identities: which column, which lines, and what is said of files that are none."""

import pytest

from perennial.audiences import uploads
from perennial.audiences.uploads import UploadRefused, identities
from perennial.identity.namespace import Namespace

EMAIL = Namespace(name="email", title="E-mail address", type="email")
PHONE = Namespace(name="phone", title="Phone", type="phone", region="US")
CARD = Namespace(name="card", title="Loyalty card", type="cross_device", pattern=r"^\d{4}$")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a@x.org\nB@X.org \n", [(1, "a@x.org"), (2, "b@x.org")]),
        ("\n\r\nE-MAIL ADDRESS\r\n a@x.org\r\n\r\nN/A\r\n", [(4, "a@x.org"), (6, None)]),
        ("id;Email\n1;a@x.org\n2\n3;\n", [(2, "a@x.org"), (3, None), (4, None)]),
        ("email\tname\na@x.org\tAnn, the first\n", [(2, "a@x.org")]),
        ('name,email\n"Ann ""A"", the\nfirst",a@x.org\nBob,b@x.org\n', [(3, "a@x.org"), (4, "b@x.org")]),
        ('a@x.org\n"b@x.org\nc@x.org\n', [(1, "a@x.org"), (3, None)]),
        ("email\nann,a@x.org\n", [(2, "ann")]),
    ],
)
def test_identities_are_read_with_their_lines(text, expected):
    assert identities(text.encode(), EMAIL).rows() == expected
    assert identities(text.encode("utf-8-sig"), EMAIL).rows() == expected


def test_values_are_those_of_the_namespace():
    assert identities(b"(415) 555-2671\n+41 44 668 18 00\n12", PHONE)["value"].to_list() == [
        "+14155552671",
        "+41446681800",
        None,
    ]
    assert identities(b"Loyalty_Card\n1234\n12345", CARD)["value"].to_list() == ["1234", None]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"email\n\n", "is empty"),
        (b"name,address\nAnn,a@x.org\n", "has 2 columns, and none of them is called email"),
        (b"a@x.org;b@x.org\n", "has 2 columns"),
        ("email\nä@x.org".encode("latin-1"), r"no text in UTF-8 \(see byte 7\)"),
        ("email\na@x.org".encode("utf-16"), "no text in UTF-8"),
        (b'email\na@x.org\n"' + b"x" * 200_000, "no CSV: after line 2: field larger than"),
    ],
)
def test_what_is_no_such_file_is_explained(content, message):
    with pytest.raises(UploadRefused, match=message):
        identities(content, EMAIL)


def test_a_file_that_is_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(uploads, "MOST_ENTRIES", 2)
    assert identities(b"a\nb\n", EMAIL).height == 2
    with pytest.raises(UploadRefused, match="more than 2 rows"):
        identities(b"a\nb\nc\n", EMAIL)
    monkeypatch.setattr(uploads, "MOST_BYTES", 3)
    with pytest.raises(UploadRefused, match="larger than 0 MB"):
        identities(b"a\nb\n", EMAIL)
