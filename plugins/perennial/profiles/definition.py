"""A profile document: which datasets make up a person."""

from typing import Annotated

from pydantic import Field

from perennial.documents import Document


class ProfileDefinition(Document):
    """The parts of a profile, by the names of their documents."""

    name: str
    title: str
    person: str
    """The namespace whose values name a person."""
    most_identities: Annotated[int, Field(ge=1)] = 50
    """Identities that a person has at most: the weakest and oldest links to more are not followed."""
    events: Annotated[list[str], Field(min_length=1)]
    """Event datasets: whoever occurs in one before the day has a profile."""
    attributes: list[str] = []
    """Record datasets, in the order of precedence: the first that knows a column decides it."""
    value: list[str] = []
    """Value documents, of any kind, whose values, ranks and segments are published to the profile."""
