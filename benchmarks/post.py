"""A load generator in a process of its own: sends posts that were signed beforehand, each once.

`python post.py <port> <connections> <seconds> <posts> <acknowledged>`, the last two of them files, prints
JSON of what it saw. A connection that breaks sends no more.
"""

import asyncio
import json
import pickle
import sys
import time
from pathlib import Path

import uvloop
from load import Load, Sender


class Poster(Sender):
    """One connection, which sends every so-many-th post."""

    posts: list[bytes] = []

    def _send(self) -> None:
        if self._number >= len(self.posts):
            self._transport.close()
            return
        self._sent_at = time.perf_counter()
        self._transport.write(self.posts[self._number])  # type: ignore[attr-defined]


async def run(
    port: int, connections: int, seconds: float, posts: Path, acknowledged: Path
) -> dict[str, float]:
    """Send until the posts or the time are at their end, or nobody listens any more."""
    Poster.posts = pickle.loads(posts.read_bytes())
    loop, begun, cpu = asyncio.get_running_loop(), time.perf_counter(), time.process_time()
    load = Load(port, "", "", connections, seconds)
    senders = []
    for number in range(connections):
        _, sender = await loop.create_connection(
            lambda number=number: Poster(load, number, connections, begun + seconds), "127.0.0.1", port
        )
        senders.append(sender)
    await asyncio.gather(*(sender.done for sender in senders))
    taken = [number for sender in senders for _, number in sender.acknowledged]
    acknowledged.write_text("\n".join(map(str, taken)))
    seconds = time.perf_counter() - begun
    return {
        "posts": len(taken),
        "failed": sum(sender.failed for sender in senders),
        "seconds": seconds,
        "per_s": len(taken) / seconds,
        "busy": (time.process_time() - cpu) / seconds,
    }


if __name__ == "__main__":
    given = sys.argv[1:]
    told = run(int(given[0]), int(given[1]), float(given[2]), Path(given[3]), Path(given[4]))
    print(json.dumps(uvloop.run(told)))
