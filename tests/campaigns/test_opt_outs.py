"""The log of what came back is searched once, by however many campaigns, in however many partitions."""

import json
from contextlib import closing
from pathlib import Path

import pytest
from campaigns.documents import NOW

from perennial.campaigns.ledger import Ledger
from perennial.campaigns.log import TOPIC, tracking_log
from perennial.campaigns.opt_outs import absorb
from perennial.campaigns.suppressions import suppressed

pytestmark = pytest.mark.store


def event(kind: str, digest: str) -> bytes:
    made = {"event": kind, "email_sha256": digest, "at": 1, "message_id": "0" * 32, "campaign": "thanks"}
    return json.dumps({"received_at": 1, "events": [made]}).encode()


def test_each_partition_is_read_on_from_where_it_was(tmp_path: Path, ledger: Ledger) -> None:
    log = tracking_log(tmp_path)
    assert absorb(log, ledger.connection, NOW) == 0
    with closing(log.writer(TOPIC)) as one, closing(log.writer(TOPIC)) as two:
        one.append([event("unsubscribe", "a"), event("open", "x")])
        two.append([event("unsubscribe", "b")])
        assert absorb(log, ledger.connection, NOW) == 2
        assert absorb(log, ledger.connection, NOW) == 0
        two.append([event("unsubscribe", "a"), event("unsubscribe", "c")])
    assert absorb(log, ledger.connection, NOW) == 2
    assert suppressed(ledger.connection).to_list() == ["a", "b", "c"]
