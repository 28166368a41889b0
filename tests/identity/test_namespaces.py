"""E-mail addresses compare and hash as providers do it: trimmed, in lower case, SHA-256."""

import polars as pl

from perennial.identity.namespaces import EMAIL, HOUSEHOLD, normalised, sha256


def test_addresses_that_differ_in_writing_are_one():
    written = pl.DataFrame({"e": [" Ann@Example.COM ", "ann@example.com", None]})
    one = written.select(normalised(pl.col("e"), EMAIL))["e"]
    assert one.to_list() == ["ann@example.com", "ann@example.com", None]


def test_other_namespaces_keep_their_case():
    assert pl.select(normalised(pl.lit(" A1 "), HOUSEHOLD)).item() == "A1"


def test_the_hash_is_the_standard_one():
    # FIPS 180-2, appendix B.1.
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert pl.DataFrame({"v": ["abc", None]}).select(sha256(pl.col("v")))["v"].to_list() == [expected, None]
