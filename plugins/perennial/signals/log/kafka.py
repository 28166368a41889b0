"""Topics in an Apache Kafka cluster: records in with the acknowledgement of all replicas, and out by offset.

Settings come as a URL, `kafka://host:9092,host2:9092/prefix?partitions=6&replication=3&security.protocol=...`:
names with a point in them go to librdkafka as they are. Offsets are Kafka's own; who reads keeps them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from perennial.errors import TerminalError
from perennial.signals.log import kafka_reader
from perennial.signals.log.base import LogUnreadableError, LogUnwritableError
from perennial.signals.log.kafka_writer import KafkaWriter

WITHIN = 15.0
"""Seconds in which the cluster must acknowledge or answer."""
FORM = "kafka://host:9092,host2:9092/prefix?partitions=6&replication=3"
NAME = re.compile(r"[A-Za-z0-9._-]*")
RETENTION = {"retention.ms": "-1", "retention.bytes": "-1"}
"""Of topics that are made here: records stay until they are trimmed."""


REFUSED = {
    KafkaError._UNSUPPORTED_FEATURE,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.POLICY_VIOLATION,
}
"""What brokers say that do not offer, or do not allow, to make topics and to delete records."""


@dataclass(frozen=True)
class KafkaLog:
    """The stream's log in a Kafka cluster."""

    brokers: str
    prefix: str = ""
    partitions_of_new: int = 6
    """Of a topic that is made here; 0 where topics are made by others, or by the cluster itself."""
    replication: int = -1
    """Copies of each record of a new topic; -1 takes the cluster's own setting."""
    settings: Mapping[str, str] = field(default_factory=dict, repr=False)
    """For librdkafka: security, above all; secrets may be among them."""

    @property
    def name(self) -> str:
        """Which log it is: brokers come and go, and another cluster wants another prefix."""
        return f"kafka/{self.prefix}"

    @classmethod
    def at(cls, url: str) -> "KafkaLog":
        """The log that a URL names; `TerminalError` says what is wrong with the URL, without its secrets."""
        parts = urlsplit(url)
        given = dict(parse_qsl(parts.query, keep_blank_values=True))
        try:
            partitions, replication = int(given.pop("partitions", "6")), int(given.pop("replication", "-1"))
        except ValueError:
            raise TerminalError(
                f"the log's URL: partitions and replication are numbers; expected {FORM}"
            ) from None
        unknown = sorted(name for name in given if "." not in name)
        prefix = parts.path.strip("/")
        if parts.scheme != "kafka" or not parts.netloc or "@" in parts.netloc or not NAME.fullmatch(prefix):
            raise TerminalError(f"the log's URL is not of the form {FORM}")
        if unknown:
            raise TerminalError(f"the log's URL: unknown settings {', '.join(unknown)}; expected {FORM}")
        return cls(parts.netloc, prefix, partitions, replication, given)

    def writer(self, topic: str) -> "KafkaWriter":
        """A producer of its own; the topic is made if it is not there."""
        self._make(topic)
        return KafkaWriter(self._name(topic), self._config(), WITHIN)

    def partitions(self, topic: str) -> list[int]:
        """Those of the topic; none before it is made."""
        found = self._topics().get(self._name(topic))
        return sorted(found.partitions) if found is not None and found.error is None else []

    def read(self, topic: str, partition: int, offset: int, max_bytes: int) -> tuple[list[bytes], int]:
        """Records of one partition, up to what all replicas have."""
        where = TopicPartition(self._name(topic), partition, offset)
        return kafka_reader.read(self._config(), where, max_bytes, WITHIN)

    def end(self, topic: str, partition: int) -> int:
        """The partition's high watermark."""
        return kafka_reader.ends(self._config(), TopicPartition(self._name(topic), partition), WITHIN)[1]

    def trim(self, topic: str, partition: int, before: int) -> int:
        """Ask the brokers to delete what stands before the offset; returns records.

        0 where they do not offer it or do not allow it: then the topic's retention decides.
        """
        where = TopicPartition(self._name(topic), partition, before)
        low = kafka_reader.ends(self._config(), where, WITHIN)[0]
        if before <= low:
            return 0
        admin = self._admin()
        try:
            now: int = admin.delete_records([where], request_timeout=WITHIN)[where].result().low_watermark
        except KafkaException as error:
            if error.args[0].code() in REFUSED:
                return 0
            raise LogUnreadableError(
                f"Kafka topic {where.topic} cannot be trimmed: {error.args[0].str()}"
            ) from error
        return max(0, now - low)

    def _make(self, topic: str) -> None:
        name = self._name(topic)
        if not self.partitions_of_new or name in self._topics():
            return
        new = NewTopic(name, self.partitions_of_new, self.replication, config=RETENTION)
        try:
            admin = self._admin()  # the request ends with the client that sent it
            admin.create_topics([new], operation_timeout=WITHIN, request_timeout=WITHIN)[name].result()
        except KafkaException as error:
            # Another process was first; or the topic is for others to make, and writing will tell.
            if error.args[0].code() not in {KafkaError.TOPIC_ALREADY_EXISTS, *REFUSED}:
                raise LogUnwritableError(
                    f"Kafka topic {name} cannot be made: {error.args[0].str()}"
                ) from error

    def _topics(self) -> Mapping:
        try:
            topics: Mapping = self._admin().list_topics(timeout=WITHIN).topics
        except KafkaException as error:
            raise LogUnreadableError(
                f"Kafka at {self.brokers} does not answer: {error.args[0].str()}"
            ) from error
        return topics

    def _admin(self) -> AdminClient:
        return AdminClient(self._config())

    def _name(self, topic: str) -> str:
        return f"{self.prefix}.{topic}" if self.prefix else topic

    def _config(self) -> dict[str, str | int | float | bool]:
        return {"bootstrap.servers": self.brokers, "log_level": 2, **self.settings}
