"""A document about bots: whose events are looked at, which rule they may not break, what a model learns."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Annotated, Literal

from pydantic import Field, model_validator

from perennial.documents import Document

Bucket = Literal[60, 300, 1800]
BUCKETS: tuple[Bucket, ...] = (60, 300, 1800)
"""Seconds. Each divides a day, so that no bucket goes on past midnight."""
Share = Annotated[float, Field(ge=0, le=1)]


class ModelSettings(Document):
    """A decision tree over what visitors do, whose labels are the crawlers among their user agents."""

    leaves: Annotated[int, Field(ge=2, le=32)] = 4
    """Of the tree; 2 make it one threshold on one measure."""
    probability: Annotated[float, Field(gt=0, le=1)] = 0.5
    """The share of bots in a leaf above which a visitor in it is one."""
    least_events: Annotated[int, Field(ge=1)] = 2
    """Whoever has fewer in every half hour is neither learned from nor judged: they could be anybody."""
    folds: Annotated[int, Field(ge=2, le=20)] = 5
    """Into how many parts families of user agents are divided; each is predicted by a tree of the others."""
    least_precision: Share = 0.9
    """On families that it has not seen; a tree that reaches less is kept on record and not used."""
    refit_days: Annotated[int, Field(ge=1)] = 28
    """Days after which a tree is learned anew."""


class BotDefinition(Document):
    """Visitors of one dataset of events, each with its `event_time`."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    title: str
    """What people call it."""
    description: str = ""
    """For people."""
    dataset: str
    """Events, of visitors."""
    visitor: str
    """The column that tells visitors apart: one of the dataset's identities."""
    user_agent: str | None = None
    """The column with what the browser or program calls itself; without it, no model is learned."""
    page: str | None = None
    """The column with what was looked at, of which different ones are counted."""
    declared: bool = True
    """Whether a visitor whose user agent is a known crawler's is a bot, whatever it does."""
    rule: dict[Bucket, Annotated[int, Field(ge=1)]] = {60: 50}
    """By seconds of a bucket: whoever has more events in one is a bot."""
    model: ModelSettings | None = ModelSettings()
    """null for none."""

    @model_validator(mode="after")
    def _something_tells(self) -> "BotDefinition":
        if self.model is not None and self.user_agent is None and "model" in self.model_fields_set:
            raise ValueError("model: it learns from user agents: name their column as user_agent")
        used = [self.visitor, *filter(None, (self.user_agent, self.page))]
        if len(set(used)) < len(used):
            raise ValueError("visitor, user_agent and page are different columns")
        if not self.rule and not self.learns and not (self.declared and self.user_agent):
            raise ValueError("nothing tells a bot: give a rule, or a user_agent")
        return self

    @property
    def learns(self) -> bool:
        """Whether there is anything to learn from."""
        return self.model is not None and self.user_agent is not None

    @property
    def features(self) -> list[str]:
        """What a visitor is judged by. The user agent is no part of it: it gives the labels."""
        kinds = ("most", "mean", "pages") if self.page else ("most", "mean")
        return [f"{kind}_{bucket}" for kind in kinds for bucket in BUCKETS]

    def mark(self, parts: Iterable[str]) -> int:
        """Changes with these parts of the document."""
        said = [f"{part}={getattr(self, part)!r}" for part in sorted(parts)]
        return int(sha256(" ".join(said).encode()).hexdigest()[:15], 16)
