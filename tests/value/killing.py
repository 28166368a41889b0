"""Ends what runs before one of its commits to the lake, as a kill would, in the same process."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from deltalake import write_deltalake

from perennial.lake import files, tables


class Killed(BaseException):
    """Nobody catches it, as nobody catches the kernel's signal."""


@contextmanager
def killed_before(commit: int | None) -> Iterator[None]:
    """End before the n-th commit, counted from 0; None is never."""
    left = commit

    def counted(real: Any) -> Any:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            nonlocal left
            if left == 0:
                raise Killed
            left = None if left is None else left - 1
            return real(*args, **kwargs)

        return wrapped

    with pytest.MonkeyPatch.context() as patch, suppress(Killed):
        patch.setattr(tables, "write_deltalake", counted(write_deltalake))
        patch.setattr(files, "write_deltalake", counted(write_deltalake))
        patch.setattr(files, "commit", counted(files.commit))
        yield
