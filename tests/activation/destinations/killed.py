"""Runs of an activation that kill their own process after a number of steps: commits, and answered requests.

Reads orders (JSON, one a line: store_url, esp_url, api_key, last, people, day) from standard input, and
carries each out in a process of its own, forked before anything has run. Writes for each
`{"exit": ..., "steps": ...}`, where `steps` is known if the run came to its end.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from activation.destinations import scenario

from perennial.activation.destinations.registry import connector
from perennial.activation.ledger import open_ledger
from perennial.activation.send import Sender

LEDGER = ("begin", "finish", "remember_list", "replace_suppressions", "intend_upserts", "intend_removals",
          "reopen", "record")  # fmt: skip
DESTINATION = ("prepare", "submit_upserts", "submit_removals", "ensure_list", "finished", "conclude")


class Steps:
    """Counts finished steps; the last one is the last thing that this process does."""

    def __init__(self, last: int) -> None:
        self.done, self._last = 0, last

    def after(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, counted."""

        def counted(*args: Any, **kwargs: Any) -> Any:
            result = function(*args, **kwargs)
            self.done += 1
            if self.done == self._last:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return counted


def run(order: dict[str, Any]) -> int:
    """Carry out an order; the number of steps, if it comes to its end."""
    steps = Steps(order["last"])
    sendgrid = connector("sendgrid")
    given = {"host": order["esp_url"], "password": order["api_key"]}
    destination: Any = sendgrid.connect(sendgrid.account("sendgrid_default", given))
    for name in DESTINATION:
        setattr(destination, name, steps.after(getattr(destination, name)))
    with open_ledger(order["store_url"], "sendgrid_default", "email") as opened:
        ledger: Any = opened
        for name in LEDGER:
            setattr(ledger, name, steps.after(getattr(ledger, name)))
        scenario.execute(Sender(ledger, destination), order["people"], scenario.day(order["day"]))
    return steps.done


def main() -> None:
    """See the module."""
    for line in sys.stdin:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            os.write(writing, str(run(json.loads(line))).encode())
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            steps = pipe.read()
        _, status = os.waitpid(child, 0)
        print(json.dumps({"exit": os.waitstatus_to_exitcode(status), "steps": int(steps or 0)}), flush=True)


if __name__ == "__main__":
    main()
