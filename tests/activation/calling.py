"""A process that makes calls as fast as shared limits let it: the store's URL, and how many, as arguments."""

import sys
import time

from perennial.activation.destinations.base import Window
from perennial.activation.shared_limits import Allowances

WINDOWS = [Window(calls=30, seconds=0.5), Window(calls=55, seconds=1)]


def main() -> None:
    """Print when each call was made."""
    url, number = sys.argv[1], int(sys.argv[2])
    limiter = Allowances(url, "esp").limiter("other calls", WINDOWS)
    limiter.acquire()
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(number):
        limiter.acquire()
        print(time.time(), flush=True)


if __name__ == "__main__":
    main()
