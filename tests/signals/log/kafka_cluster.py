"""A Kafka cluster to test against: librdkafka's own stand-in, in a process of its own, over TCP.

Run as a program it prints the brokers' addresses and lives until its standard input ends.
"""

import ctypes
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PRODUCER = 0


def main(brokers: int) -> None:
    """Serve until nobody listens any more."""
    import confluent_kafka

    package = Path(confluent_kafka.__file__).parent
    bundled = [*package.parent.glob("confluent_kafka.libs/librdkafka*"), *package.glob("cimpl*")]
    library = ctypes.CDLL(str(bundled[0]))
    library.rd_kafka_conf_new.restype = ctypes.c_void_p
    library.rd_kafka_new.restype = ctypes.c_void_p
    library.rd_kafka_new.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]
    library.rd_kafka_mock_cluster_new.restype = ctypes.c_void_p
    library.rd_kafka_mock_cluster_new.argtypes = [ctypes.c_void_p, ctypes.c_int]
    library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
    library.rd_kafka_mock_cluster_bootstraps.argtypes = [ctypes.c_void_p]
    library.rd_kafka_mock_topic_create.argtypes = [
        ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_int,
    ]  # fmt: skip
    error = ctypes.create_string_buffer(512)
    client = library.rd_kafka_new(PRODUCER, library.rd_kafka_conf_new(), error, len(error))
    cluster = library.rd_kafka_mock_cluster_new(client, brokers)
    print(library.rd_kafka_mock_cluster_bootstraps(cluster).decode(), flush=True)
    for line in sys.stdin:
        topic, partitions = line.split()
        print(library.rd_kafka_mock_topic_create(cluster, topic.encode(), int(partitions), 1), flush=True)


class Cluster:
    """A running stand-in."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        assert process.stdout is not None
        self.brokers = process.stdout.readline().strip()

    def make(self, topic: str, partitions: int) -> None:
        """Make a topic: the stand-in does not know the request that makes them."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{topic} {partitions}\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline().strip() == "0"


@contextmanager
def running(brokers: int = 2) -> Iterator[Cluster]:
    """A cluster until the block ends."""
    process = subprocess.Popen(
        [sys.executable, __file__, str(brokers)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield Cluster(process)
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    main(int(sys.argv[1]))
