"""A record of the log: what was packed is unpacked, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennial.signals.log import LogDamagedError, pack, unpack

NAMES = st.text("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789_.-", min_size=1)


@given(id=NAMES, received_at=st.integers(0, 2**62), source=NAMES, body=st.binary())
def test_it_comes_out_as_it_went_in(id: str, received_at: int, source: str, body: bytes) -> None:
    assert unpack(pack(id, received_at, source, body)) == (id, received_at, source, body)


def test_its_first_line_is_json() -> None:
    packed = pack("0190-7", 1_700_000_000_000_000, "shop", b'{"a":\n1}')
    assert packed == b'{"id":"0190-7","received_at":1700000000000000,"source":"shop"}\n{"a":\n1}'


@pytest.mark.parametrize("record", [b"", b"{}\n{}", b'{"id":"1","received_at":1,"source":"s"}', b"\xff\n{}"])
def test_anything_else_is_damage(record: bytes) -> None:
    with pytest.raises(LogDamagedError, match="does not begin with"):
        unpack(record)
