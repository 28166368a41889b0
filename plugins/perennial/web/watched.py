"""Files and how they are read in; what they say, read again when one of them changes, out."""

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")


class Watched(Generic[T]):
    """What the files of a folder say; a saved edit shows at the next request, without a restart.

    :param read: reads all of them
    :param patterns: what they are called
    """

    def __init__(self, folder: Path, read: Callable[[], T], *patterns: str) -> None:
        self._folder, self._read, self._patterns = folder, read, patterns
        self._known: tuple[tuple[tuple[str, int], ...], T] | None = None

    def __call__(self) -> T:
        """All that they say.

        :raises DocumentError: one cannot be understood; the message says where and why.
        """
        paths = sorted(path for pattern in self._patterns for path in self._folder.glob(pattern))
        stamp = tuple((path.name, path.stat().st_mtime_ns) for path in paths)
        if self._known is None or self._known[0] != stamp:
            self._known = (stamp, self._read())
        return self._known[1]
