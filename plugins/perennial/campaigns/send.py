"""One campaign at one moment: recipients in; e-mails at the mail server, each in the ledger before and
after, out.

Killed at any moment and run again, nobody is sent the same twice: what was recorded and not concluded is in
doubt, and stays so until somebody has it sent again, or something comes back of it.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

import polars as pl

from perennial.activation.limiter import Limiter
from perennial.campaigns.ledger import Ledger
from perennial.campaigns.message import Composer
from perennial.campaigns.outcomes import Outcome
from perennial.campaigns.recipients import Recipients, values
from perennial.campaigns.smtp import Courier
from perennial.campaigns.streaks import Streak
from perennial.campaigns.suppressions import suppressed
from perennial.campaigns.tokens import Mark
from perennial.errors import PerennialError
from perennial.ids import uuid7s

LOOK_AGAIN = 50
"""Messages after which it is looked again who unsubscribed."""


@dataclass
class Report:
    """What became of a campaign in a run, in numbers; nobody is named."""

    campaign: str
    as_of: str
    recipients: int = 0
    """People with an address."""
    earlier: int = 0
    """Of those: done with in an earlier run, or to be tried again later."""
    suppressed: int = 0
    """Of those: unsubscribed, unreachable, or complained."""
    sent: int = 0
    deferred: int = 0
    bounced: int = 0
    blocked: int = 0
    in_doubt: int = 0
    """Of all runs: a run ended while they were being sent."""
    too_late: int = 0
    """The campaign was over before it was their turn."""
    without_address: int = 0
    shared_address: int = 0
    held_out: int = 0
    """Members who are not sent it, so that it can be measured what sending brings."""
    due: int = 0
    """Who would be sent it, in a dry run."""

    def as_dict(self) -> dict[str, Any]:
        """As plain values, for XCom and asset metadata."""
        return asdict(self)


@dataclass
class Sending:
    """What a run needs to send a campaign."""

    ledger: Ledger
    composer: Composer
    courier: Courier
    limiter: Limiter
    clock: Callable[[], datetime]
    look_for_opt_outs: Callable[[], object] = field(default=lambda: None)
    """Brings the ledger's suppressions up to date."""

    def send(self, people: Recipients, as_of: date, dry_run: bool = False) -> Report:
        """Send what is due; with `dry_run` only count.

        Every e-mail is made once before the first one is sent: an error in a template sends nothing.
        """
        campaign = self.composer.campaign
        report = Report(campaign.name, as_of.isoformat(), people.rows.height)
        report.without_address, report.shared_address = people.without_address, people.shared_address
        if not dry_run:
            self.ledger.recover(self.clock())
        self.look_for_opt_outs()
        due = self._due(people.rows, report)
        for row in due.iter_rows(named=True):
            self.composer.compose(
                _mark(campaign.name, NOBODY, row, as_of), row["email"], values(row), self.clock()
            )
        if dry_run:
            report.due = due.height
        else:
            try:
                self._all(due, as_of, report)
            finally:
                self.courier.close()
        report.in_doubt = self.ledger.counts().get("doubtful", 0)
        return report

    def _due(self, rows: pl.DataFrame, report: Report) -> pl.DataFrame:
        done = self.ledger.done(self.clock())
        fresh = rows.join(done, on="person_id", how="anti").join(done, on="email_sha256", how="anti")
        allowed = fresh.filter(~pl.col("email_sha256").is_in(suppressed(self.ledger.connection).implode()))
        report.earlier, report.suppressed = rows.height - fresh.height, fresh.height - allowed.height
        return allowed

    def _all(self, due: pl.DataFrame, as_of: date, report: Report) -> None:
        streak = Streak(report.campaign)
        for number, row in enumerate(due.iter_rows(named=True), start=1):
            if self.clock() >= self.composer.campaign.ends:
                report.too_late = due.height - number + 1
                return
            outcome = self._one(row, as_of)
            if outcome is None:
                report.suppressed += 1
            else:
                if outcome.state != "doubtful":
                    setattr(report, outcome.state, getattr(report, outcome.state) + 1)
                streak.add(outcome)
            if number % LOOK_AGAIN == 0:
                self.look_for_opt_outs()

    def _one(self, row: dict[str, Any], as_of: date) -> Outcome | None:
        now = self.clock()
        campaign = self.composer.campaign
        (name,) = uuid7s(1, int(now.timestamp() * 1000))
        self.limiter.acquire()
        intended = self.ledger.intend(
            name, row["person_id"], row["email_sha256"], row["audience"], as_of, now,
            row["email"].rpartition("@")[2].lower() or None,
        )  # fmt: skip
        if intended is None:
            return None
        mark = Mark(
            intended.message_id, campaign.name, intended.audience, intended.as_of, row["email_sha256"]
        )
        try:
            envelope = self.composer.compose(mark, row["email"], values(row), now)
            outcome = self.courier.deliver(envelope)
        except PerennialError:
            # Whatever is told in words: the message was not taken.
            self.ledger.release(intended.message_id, self.clock())
            raise
        self.ledger.conclude(intended.message_id, outcome, self.clock())
        return outcome


NOBODY = "00000000-0000-7000-8000-000000000000"
"""The message that is made for trial."""


def _mark(campaign: str, message_id: str, row: dict[str, Any], as_of: date) -> Mark:
    return Mark(message_id, campaign, row["audience"], as_of, row["email_sha256"])
