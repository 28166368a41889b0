"""How identities are written: what names the same person is the same text, what names nobody is nothing."""

import hashlib

import polars as pl
import pytest

from perennial.identity.namespace import Namespace
from perennial.identity.values import comparable, sha256

EMAIL = Namespace(name="email", title="E-mail", type="email")
DIGEST = Namespace(name="email_sha256", title="E-mail (SHA-256)", type="email", sha256_of="email")
PHONE = Namespace(name="phone", title="Phone", type="phone", region="US")
ABROAD = Namespace(name="phone", title="Phone", type="phone")
DEVICE = Namespace(name="device", title="Device", type="device")
ECID = Namespace(name="ecid", title="ECID", type="cookie", pattern=r"^\d{38}$")
DIGITS = "0123456789" * 3 + "01234567"


@pytest.mark.parametrize(
    ("namespace", "written", "expected"),
    [
        (EMAIL, "  Ann@Example.COM ", "ann@example.com"),
        (DEVICE, " A1 ", "A1"),
        (DEVICE, "x" * 1024, "x" * 1024),
        (DEVICE, "x" * 1025, None),
        (DEVICE, "", None),
        (DEVICE, "   ", None),
        (DEVICE, "NULL", None),
        (DEVICE, "Anonymous", None),
        (DEVICE, "invalid", None),
        (DEVICE, None, None),
        (ECID, DIGITS, DIGITS),
        (ECID, DIGITS + "8", None),
        (DIGEST, "A" * 64, "a" * 64),
        (DIGEST, "ann@example.com", None),
        # The examples of ITU-T E.123 and of E.164's numbers for fiction.
        (PHONE, "(415) 555-2671", "+14155552671"),
        (PHONE, "+44 20 7183 8750", "+442071838750"),
        (PHONE, "tel:+1-415-555-2671", "+14155552671"),
        (PHONE, "12", None),
        (PHONE, "call me", None),
        (ABROAD, "+1 (415) 555-2671", "+14155552671"),
        (ABROAD, "415 555 2671", None),
    ],
)
def test_values_are_written_in_one_way(namespace, written, expected):
    assert pl.select(comparable(pl.lit(written, pl.String), namespace)).item() == expected


def test_whole_columns_keep_their_order_and_numbers_may_be_names():
    frame = pl.DataFrame({"phone": ["020 7183 8750", None, "x", "020 7183 8750"], "id": [7, None, 8, 7]})
    british = PHONE.model_copy(update={"region": "GB"})
    found = frame.select(comparable(pl.col("phone"), british), comparable(pl.col("id"), DEVICE))
    assert found["phone"].to_list() == ["+442071838750", None, None, "+442071838750"]
    assert found["id"].to_list() == ["7", None, "8", "7"]


def test_digests_are_those_of_the_standard():
    found = pl.DataFrame({"v": ["abc", None, "ann@example.com"]}).select(sha256(pl.col("v")))["v"].to_list()
    # FIPS 180-2, appendix B.1.
    assert found[0] == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert found[1:] == [None, hashlib.sha256(b"ann@example.com").hexdigest()]


def test_a_region_is_for_phones():
    with pytest.raises(ValueError, match="region is for namespaces of type phone"):
        Namespace(name="email", title="E-mail", type="email", region="US")
