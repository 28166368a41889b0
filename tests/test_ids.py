"""Names of new things: valid UUIDs of version 7, each once, in the order of their making."""

import uuid

from perennial.ids import uuid7s

MILLISECONDS = 1_767_225_600_123


def test_they_are_uuids_of_version_7_with_their_time() -> None:
    for text in uuid7s(100, MILLISECONDS):
        found = uuid.UUID(text)
        assert (str(found), found.version, found.variant) == (text, 7, uuid.RFC_4122)
        assert found.int >> 80 == MILLISECONDS


def test_they_are_in_order_and_each_once() -> None:
    made = uuid7s(10_000, MILLISECONDS)
    assert made == sorted(set(made))
    others = [uuid7s(1, MILLISECONDS)[0] for _ in range(2000)]
    assert len({*made, *others}) == 12_000
    assert max(made) < min(uuid7s(10, MILLISECONDS + 1))
