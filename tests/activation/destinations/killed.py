"""A run that kills its own process after a number of steps: each is a commit or an answered request.

    python killed.py STORE_URL ESP_URL API_KEY STEPS PEOPLE_AS_JSON DAY

prints the number of steps when it comes to its end.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from activation.destinations import scenario

from perennial.activation.destinations.sendgrid.client import SendGridClient
from perennial.activation.destinations.sendgrid.destination import SendGridDestination
from perennial.activation.ledger import open_ledger
from perennial.activation.send import Sender


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


LEDGER = ("begin", "finish", "remember_list", "replace_suppressions", "intend_upserts", "intend_removals",
          "submitted", "close")  # fmt: skip
DESTINATION = ("prepare", "submit_upserts", "submit_removals", "ensure_list", "finished", "refused")


def main() -> None:
    """See the module."""
    store_url, esp_url, api_key, last, people, number = sys.argv[1:]
    steps = Steps(int(last))
    destination: Any = SendGridDestination(SendGridClient(esp_url, api_key))
    for name in DESTINATION:
        setattr(destination, name, steps.after(getattr(destination, name)))
    with open_ledger(store_url, "sendgrid_default", "email") as opened:
        ledger: Any = opened
        for name in LEDGER:
            setattr(ledger, name, steps.after(getattr(ledger, name)))
        scenario.execute(Sender(ledger, destination), json.loads(people), scenario.day(int(number)))
    print(steps.done)


if __name__ == "__main__":
    main()
