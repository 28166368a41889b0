"""One notice: what happened, to which run; and what a channel is given of it."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

Event = Literal["start", "success", "failure", "delay", "quarantine", "breach"]
EVENTS: tuple[Event, ...] = get_args(Event)
LONGEST = 2_000
"""Characters of an error that are passed on."""


@dataclass(frozen=True)
class Channel:
    """A place that notices are sent to, through a connection of Airflow."""

    kind: Literal["slack", "webhook", "email"]
    connection: str
    to: str = ""
    """An address, of an e-mail."""

    @property
    def name(self) -> str:
        """As people read it, without what is secret."""
        return f"e-mail to {self.to}" if self.kind == "email" else f"{self.kind} {self.connection}"


@dataclass(frozen=True)
class Notice:
    """What happened. Of two with one `key` the second is the same notice, and not told again."""

    key: str
    event: Event
    dag: str
    run: str
    text: str
    """One sentence."""
    detail: str = ""
    """An error, or what was found."""
    link: str = ""
    """Of the run, in Airflow."""
    amount: int | None = None
    """What a threshold is compared with: rows that were set aside, or minutes of a delay."""

    def as_slack(self) -> dict[str, str]:
        """The body that Slack's incoming webhooks take, and those that are compatible with them."""
        lines = [_escaped(self.text), f"Dag `{_escaped(self.dag)}`, run `{_escaped(self.run)}`"]
        if self.link:
            lines[1] += f" <{self.link}|open>"
        if self.detail:
            lines.append(f"```{_escaped(self.detail[:LONGEST])}```")
        return {"text": "\n".join(lines)}

    def as_json(self) -> dict[str, Any]:
        """The body of other webhooks."""
        return {
            "event": self.event,
            "text": self.text,
            "dag_id": self.dag,
            "run_id": self.run,
            "detail": self.detail[:LONGEST] or None,
            "link": self.link or None,
        }


def _escaped(text: str) -> str:
    """Slack's three control characters."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
