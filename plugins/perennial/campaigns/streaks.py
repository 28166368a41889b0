"""What becomes of one message after the other in; an error where it is not the recipients' fault, out."""

from dataclasses import dataclass

from perennial.campaigns.outcomes import Outcome
from perennial.errors import TerminalError, TransientError

STREAKS = {"refused": 20, "deferred": 20, "doubtful": 3}
"""Messages in a row that end so, after which it is not the recipients' fault, and the run stops."""


class EverythingRefusedError(TerminalError):
    """The mail server refuses one message after the other for good: something of ours is wrong."""


class EverythingDeferredError(TransientError):
    """The mail server takes nothing for now: the next run goes on."""


@dataclass
class Streak:
    """Messages in a row that came to the same end."""

    campaign: str
    _end: str = ""
    _length: int = 0

    def add(self, outcome: Outcome) -> None:
        """Count it; raises where it was one too many."""
        end = "refused" if outcome.state in ("bounced", "blocked") else outcome.state
        self._length = self._length + 1 if end == self._end else 1
        self._end = end
        if self._length < STREAKS.get(end, self._length + 1):
            return
        said = (
            f"campaign {self.campaign}: the last {self._length} messages were all {end}, the last one with:"
            f" {outcome.reason}."
        )
        if end == "refused":
            raise EverythingRefusedError(
                f"{said} The rest is not sent: see to the mail server and the sender, then delete what is"
                " wrong from campaigns.suppression and campaigns.message"
            )
        raise EverythingDeferredError(f"{said} The rest is sent with the next run")
