"""Everything between a source file and raw rows: files, their formats and dialects in, chunks of rows out.

Text is read as text: what a value means is for the dataset's columns to say, not for the reader.
"""

from perennial.signals.reading.base import (
    BROKEN,
    FILE,
    LINE,
    RAW,
    REASONS,
    Chunk,
    FileUnreadable,
    SchemaMismatch,
    SourceMissing,
    StoreUnavailable,
)
from perennial.signals.reading.chunking import CHUNK_ROWS, chunks
from perennial.signals.reading.jsonlines import messages
from perennial.signals.reading.sources import find

__all__ = [
    "BROKEN",
    "CHUNK_ROWS",
    "FILE",
    "LINE",
    "RAW",
    "REASONS",
    "Chunk",
    "FileUnreadable",
    "SchemaMismatch",
    "SourceMissing",
    "StoreUnavailable",
    "chunks",
    "find",
    "messages",
]
