"""A process that writes numbers to a log and prints each when it is durable: for tests that kill it."""

import sys
from pathlib import Path

from perennial.signals.log import open_log


def main(spool: str, url: str, name: str) -> None:
    """Write until killed."""
    writer = open_log(Path(spool), url or None).writer("numbers")
    for number in range(10**9):
        writer.append([b"%s %d" % (name.encode(), number)])
        print(number, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
