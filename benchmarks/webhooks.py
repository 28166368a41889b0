"""Webhooks: signed events of SendGrid at the collector, against a bare ASGI endpoint; a kill in the middle.

The peer reads the body and answers, on the same server with the same settings. Posts are signed beforehand,
with ECDSA as SendGrid does, and sent over 64 connections that stay open, from a process of its own: of one
event each for `posts_per_s` and `rate_vs_bare_asgi`, of 50 for `events_per_s`. The collector checks the
signature and the JSON, and answers when the post is on disk. It is one process; `events_per_cpu_s` counts the
seconds that it had a core, whatever else ran beside it.

Then it is killed (SIGKILL) in the middle of a load, started again, and sent what was not acknowledged, as the
provider does. What its log holds is landed in a lake: `lost` counts acknowledged events that are not there,
`doubled` those that are there more than once.
"""

import base64
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from common import Benchmark, median
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from ingest_stream import HERE, serving

from perennial.lake.catalog import Lake
from perennial.local.credentials import key_pair
from perennial.local.ports import free_ports
from perennial.responses.land import land_all
from perennial.responses.log import webhook_log
from perennial.settings import REPOSITORY

CONNECTIONS = 64
BATCH = 50
PROMISE = 5000
"""Events a second on one core."""
TICKS = os.sysconf("SC_CLK_TCK")


def event(number: int) -> dict[str, Any]:
    """As SendGrid tells it, about 500 bytes; each is different."""
    return {
        "email": f"household.{number % 100_000}@example.com", "timestamp": 1_514_278_800 + number % 80_000,
        "smtp-id": "<14c5d75ce93.dfd.64b469@ismtpd-555>", "event": "open",
        "category": ["audience:best", "as_of:2017-12-26"], "sg_event_id": f"event-{number:010d}",
        "sg_message_id": f"14c5d75ce93.dfd.{number % 100_000}.filter0001.16648.5515E0B88.0",
        "useragent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36", "ip": "192.0.2.1",
        "singlesend_id": "27c21bbf-a12c-440b-b8bf-c526975328ca", "singlesend_name": "Thank you",
    }  # fmt: skip


class Posts:
    """Signs posts of events that none before them had."""

    def __init__(self, folder: Path, pem: str) -> None:
        key = load_pem_private_key(pem.encode(), password=None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        self._key, self._folder, self._next, self._count = key, folder, 0, 0

    def signed(self, numbers: range) -> bytes:
        """One request."""
        body, at = json.dumps([event(each) for each in numbers]).encode(), str(int(time.time())).encode()
        signature = base64.b64encode(self._key.sign(at + body, ec.ECDSA(hashes.SHA256())))
        return (
            b"POST /webhooks/sendgrid HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"X-Twilio-Email-Event-Webhook-Signature: %b\r\nX-Twilio-Email-Event-Webhook-Timestamp: %b\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (signature, at, len(body), body)
        )

    def ranges(self, count: int, size: int) -> list[range]:
        """So many posts, each of so many new events."""
        first, self._next = self._next, self._next + count * size
        return [range(first + n * size, first + (n + 1) * size) for n in range(count)]

    def send(self, port: int, seconds: float, ranges: list[range]) -> "subprocess.Popen[bytes]":
        """A load that has begun."""
        posts, self._count = self._folder / f"posts.{self._count}", self._count + 1
        posts.write_bytes(pickle.dumps([self.signed(each) for each in ranges]))
        given = [str(port), str(CONNECTIONS), str(seconds), str(posts), f"{posts}.taken"]
        return subprocess.Popen([sys.executable, str(HERE / "post.py"), *given], stdout=subprocess.PIPE)

    def ended(self, load: "subprocess.Popen[bytes]", ranges: list[range]) -> tuple[dict[str, Any], set[int]]:
        """What a load saw, and the events that were acknowledged."""
        out, _ = load.communicate()
        taken = (self._folder / f"posts.{self._count - 1}.taken").read_text().split()
        return json.loads(out), {number for each in taken for number in ranges[int(each)]}


def cpu_seconds(process: int) -> float:
    """The seconds that all of a process' threads had a core."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def reach(folder: Path, more: int) -> None:
    """Wait until the log has grown by so many bytes."""
    files = webhook_log(folder / "spool").spool / "sendgrid"
    size = lambda: sum(each.stat().st_size for each in files.rglob("*.log"))  # noqa: E731
    enough, deadline = size() + more, time.monotonic() + 60
    while size() < enough and time.monotonic() < deadline:
        time.sleep(0.002)


def run(benchmark: Benchmark) -> dict[str, Any]:
    """All loads, the kill, and what the lake holds afterwards."""
    turns, seconds = (3, 2.0) if benchmark.scale == "small" else (7, 8.0)
    single, many = int(4000 * seconds), int(200 * seconds)
    folder = Path(tempfile.mkdtemp(prefix="perennial-webhooks-"))
    try:
        pem, public = key_pair()
        posts, ports = Posts(folder, pem), free_ports({"ours": None, "bare": None})
        env = {
            "PYTHONPATH": str(REPOSITORY / "plugins"), "PERENNIAL_STATE": str(folder),
            "PERENNIAL_INCLUDE": str(folder / "include"), "PERENNIAL_COLLECTOR_PORT": str(ports["ours"]),
            "PERENNIAL_SENDGRID_WEBHOOK_KEY": public,
        }  # fmt: skip
        ours, acknowledged = (["-m", "perennial.collector"], ports["ours"], env, "/health"), set[int]()
        bare = ([str(HERE / "bare_asgi.py"), str(ports["bare"])], ports["bare"], env, "/")
        figures: dict[str, list[float]] = {
            "posts": [], "bare": [], "events": [], "cpu": [], "busy": [], "post_cpu": []
        }  # fmt: skip
        refused = 0
        with serving(*bare), serving(*ours) as process:
            for turn in range(turns):
                benchmark.say(f"turn {turn + 1} of {turns}")
                ranges = posts.ranges(single, 1)
                told, _ = posts.ended(posts.send(ports["bare"], seconds, ranges), ranges)
                figures["bare"].append(told["per_s"])
                for count, size, rate, per_cpu in (
                    (single, 1, "posts", "post_cpu"), (many, BATCH, "events", "cpu"),
                ):  # fmt: skip
                    ranges, before = posts.ranges(count, size), cpu_seconds(process)
                    told, taken = posts.ended(posts.send(ports["ours"], seconds, ranges), ranges)
                    acknowledged |= taken
                    refused += told["failed"]
                    figures[rate].append(told["per_s"] * size)
                    figures[per_cpu].append(len(taken) / (cpu_seconds(process) - before))
                    figures["busy"].append(told["busy"])
        benchmark.say("a kill in the middle")
        ranges = posts.ranges(many, BATCH)
        with serving(*ours) as process:
            load = posts.send(ports["ours"], seconds, ranges)
            reach(folder, sum(map(len, ranges)) * 500 // 3)
            os.kill(process, signal.SIGKILL)
            _, before_kill = posts.ended(load, ranges)
        rest = [each for each in ranges if each[0] not in before_kill]
        with serving(*ours):
            _, after_kill = posts.ended(posts.send(ports["ours"], 60, rest), rest)
        acknowledged |= before_kill | after_kill
        lake = Lake(str(folder / "lake"))
        landed = land_all(webhook_log(folder / "spool").spool / "sendgrid", lake)
        ids = lake.email_events.scan().select("event_id").collect()["event_id"]
        there = {int(each[6:]) for each in ids.to_list()}
    finally:
        shutil.rmtree(folder)
    return {
        "events_per_s": median(figures["events"]),
        "events_per_cpu_s": median(figures["cpu"]),
        "posts_per_s": median(figures["posts"]),
        "posts_per_cpu_s": median(figures["post_cpu"]),
        "bare_posts_per_s": median(figures["bare"]),
        "rate_vs_bare_asgi": median(a / b for a, b in zip(figures["posts"], figures["bare"], strict=True)),
        "of_the_promise": median(figures["events"]) / PROMISE,
        "acknowledged": len(acknowledged),
        "acknowledged_before_the_kill": len(before_kill),
        "sent_again": len(rest) * BATCH,
        "repeated_in_the_log": landed.repeated,
        "lost": len(acknowledged - there),
        "doubled": len(ids) - len(there),
        "refused": refused,
        "generator_busy": max(figures["busy"]),
    }


if __name__ == "__main__":
    Benchmark(__doc__).main(run)
