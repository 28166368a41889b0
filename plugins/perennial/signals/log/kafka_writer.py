"""Records in; durable on all replicas of a Kafka topic when `append` returns."""

import time
from collections.abc import Callable, Mapping, Sequence

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from perennial.signals.log.base import LogUnwritableError

LARGEST = 16 * 1024 * 1024
"""Bytes of a record; the broker's `message.max.bytes` may be lower, and decides."""
Settings = dict[str, str | int | float | bool]


class KafkaWriter:
    """An idempotent producer: what it has sent twice, the brokers keep once."""

    def __init__(self, topic: str, config: Mapping[str, str | int | float | bool], within: float) -> None:
        """Of one topic; the replicas must acknowledge within so many seconds."""
        self._topic, self._within = topic, within
        self._config: Settings = {
            **config,
            "acks": "all",
            "enable.idempotence": True,
            "delivery.timeout.ms": int(within * 1000),
            "message.max.bytes": LARGEST,
            "queue.buffering.max.kbytes": 256 * 1024,
            # Nothing waits: `flush` sends at once what was given to it.
            "linger.ms": 100,
        }
        self._producer = Producer(self._config)

    def append(self, records: Sequence[bytes]) -> None:
        """Send the records and wait for all replicas; `LogUnwritableError` if one is not acknowledged."""
        errors: list[KafkaError] = []
        acknowledged = 0

        def delivered(error: KafkaError | None, _: Message) -> None:
            nonlocal acknowledged
            if error is not None:
                errors.append(error)
            else:
                acknowledged += 1

        deadline = time.monotonic() + 2 * self._within
        try:
            for record in records:
                self._produce(record, delivered, deadline)
            self._producer.flush(max(0.0, deadline - time.monotonic()))
        except KafkaException as error:
            errors.append(error.args[0])
        if acknowledged == len(records):
            return
        reason = errors[0].str() if errors else "no answer in time"
        # A producer that failed cannot tell what the brokers have: a new one starts clean.
        self._producer.purge()
        self._producer = Producer(self._config)
        raise LogUnwritableError(
            f"Kafka topic {self._topic}: {len(records) - acknowledged} of {len(records)} records were not "
            f"acknowledged: {reason}"
        )

    def close(self) -> None:
        """Nothing is left to send: `append` waits for it."""
        self._producer.flush(0)

    def _produce(
        self, record: bytes, delivered: Callable[[KafkaError | None, Message], None], deadline: float
    ) -> None:
        while True:
            try:
                self._producer.produce(self._topic, record, on_delivery=delivered)
            except BufferError:
                if time.monotonic() > deadline:
                    raise KafkaException(KafkaError(KafkaError._QUEUE_FULL)) from None
                self._producer.poll(0.05)
            else:
                return
