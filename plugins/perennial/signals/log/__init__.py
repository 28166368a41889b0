"""The stream's log: bytes that were acknowledged are there, in order, until they have landed in the lake."""

from pathlib import Path

from perennial.signals.log.base import (
    LogBusyError,
    LogDamagedError,
    LogGapError,
    LogUnreadableError,
    LogUnwritableError,
    Record,
    StreamLog,
    Writer,
    pack,
    unpack,
)
from perennial.signals.log.folders import FolderLog
from perennial.signals.log.segments import LogWriter, read

__all__ = [
    "FolderLog",
    "LogBusyError",
    "LogDamagedError",
    "LogGapError",
    "LogUnreadableError",
    "LogUnwritableError",
    "LogWriter",
    "Record",
    "StreamLog",
    "Writer",
    "open_log",
    "pack",
    "read",
    "unpack",
]


def open_log(spool: Path, url: str | None = None) -> StreamLog:
    """The log of a deployment: in the folder `spool`, or in the Kafka cluster that `url` names."""
    if not url:
        return FolderLog(spool)
    from perennial.signals.log.kafka import KafkaLog  # its library is loaded only where it is used

    return KafkaLog.at(url)
