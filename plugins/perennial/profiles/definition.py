"""A profile document, or merge policy: which datasets make up a person, and which of them is believed."""

from typing import Annotated, Literal

from pydantic import Field

from perennial.documents import Document


class ProfileDefinition(Document):
    """The parts of a profile, by the names of their documents."""

    name: str
    title: str
    """What people call it."""
    person: str
    """The namespace whose values name a person."""
    most_identities: Annotated[int, Field(ge=1)] = 50
    """Identities that a person has at most: the weakest and oldest links to more are not followed."""
    events: Annotated[list[str], Field(min_length=1)]
    """Event datasets: whoever occurs in one before the day has a profile."""
    attributes: list[str] = []
    """Record datasets, in the order of precedence."""
    merge: Literal["precedence", "newest"] = "precedence"
    """Who is believed where several records know an attribute: the first dataset that does (its newest
    record), or the newest record of all. Attribute by attribute: what one does not know the next may."""
    stitching: Literal["graph", "none"] = "graph"
    """`graph`: identities that belong together are one person. `none`: each identity stands alone."""
    default: bool = False
    """With several documents, the one that audiences, insights and activations use."""
    computed: list[str] = []
    """Computed attributes, by the names of their documents in `include/computed`."""
    browsing: list[str] = []
    """Documents about abandoned browsing, in `include/browsing`: what each person left behind."""
    value: list[str] = []
    """Value documents, of any kind, whose values, ranks and segments are published to the profile."""
