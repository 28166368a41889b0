"""A Kafka partition and an offset in; its records from there on, or a clear error, out."""

import time
from collections.abc import Mapping

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from perennial.signals.log.base import LogDamagedError, LogGapError, LogUnreadableError

Config = Mapping[str, str | int | float | bool]


def read(config: Config, where: TopicPartition, max_bytes: int, within: float) -> tuple[list[bytes], int]:
    """Records up to what all replicas have, and the offset to read from next time."""
    consumer = _consumer(config)
    try:
        low, high = consumer.get_watermark_offsets(where, timeout=within)
        _check(where, low, high)
        if where.offset == high:
            return [], high
        consumer.assign([where])
        return _drain(consumer, where.offset, high, max_bytes, within)
    except KafkaException as error:
        raise _unreadable(where, error.args[0]) from error
    finally:
        consumer.close()


def ends(config: Config, where: TopicPartition, within: float) -> tuple[int, int]:
    """The offset of the oldest record that is still there, and the one after the newest."""
    consumer = _consumer(config)
    try:
        low, high = consumer.get_watermark_offsets(where, timeout=within)
        return int(low), int(high)
    except KafkaException as error:
        raise _unreadable(where, error.args[0]) from error
    finally:
        consumer.close()


def _consumer(config: Config) -> Consumer:
    return Consumer(
        {
            **config,
            "group.id": "perennial",  # asked for by the library; nothing is committed to it
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "error",
        }
    )


def _check(where: TopicPartition, low: int, high: int) -> None:
    name = f"Kafka topic {where.topic}, partition {where.partition}"
    if where.offset < low:
        raise LogGapError(
            f"{name}: records {where.offset} to {low - 1} are gone: they were trimmed, or the topic's "
            f"retention is too short. Lengthen it; read from {low} if what stood before has landed"
        )
    if where.offset > high:
        raise LogDamagedError(
            f"{name} ends at {high}, before offset {where.offset} up to which it was read: was it made anew?"
        )


def _drain(
    consumer: Consumer, offset: int, high: int, max_bytes: int, within: float
) -> tuple[list[bytes], int]:
    records: list[bytes] = []
    size, deadline = 0, time.monotonic() + within
    while offset < high and size < max_bytes:
        message = consumer.poll(max(0.0, deadline - time.monotonic()))
        if message is None:
            # What was read so far is good; without any, the caller must know that there is more.
            if records:
                break
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
        if (error := message.error()) is not None:
            if error.code() == KafkaError._PARTITION_EOF:
                return records, high
            raise KafkaException(error)
        records.append(message.value() or b"")
        size += len(records[-1])
        offset = (message.offset() or 0) + 1
    return records, offset


def _unreadable(where: TopicPartition, error: KafkaError) -> Exception:
    name = f"Kafka topic {where.topic}, partition {where.partition}"
    if error.code() in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE):
        return LogGapError(
            f"{name}: offset {where.offset} expired while it was read; read on from the beginning"
        )
    return LogUnreadableError(f"{name} cannot be read: {error.str()}")
