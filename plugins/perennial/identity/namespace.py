"""A namespace document: what kind of name a person is known by, how it is written, how much it tells."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from perennial.documents import Document

Kind = Literal["cookie", "cross_device", "device", "email", "phone", "non_people", "partner"]


class Namespace(Document):
    """Identities are compared within their namespace: the same text in another one is somebody else's."""

    name: str
    title: str
    """What people call it."""
    description: str = ""
    """For people."""
    type: Kind
    """`non_people` and `partner` identities never link people."""
    unique: bool = False
    """Whether a person has one value at most: two of them are two people, whatever they share."""
    priority: int = 0
    """Links between namespaces of higher priority are followed first; and the highest names the person."""
    sha256_of: str | None = None
    """The namespace of which these are the values' SHA-256: either leads to the person."""
    region: Annotated[str | None, Field(pattern=r"^[A-Z]{2}$")] = None
    """For phone numbers without a country's code: the country that they are of, such as US."""
    pattern: str | None = None
    """What a value looks like, as a regular expression; others name nobody."""

    @property
    def links(self) -> bool:
        """Whether its identities link people."""
        return self.type not in ("non_people", "partner")

    @model_validator(mode="after")
    def _only_phones_have_regions(self) -> "Namespace":
        if self.region and self.type != "phone":
            raise ValueError(f"region is for namespaces of type phone; this one's is {self.type}")
        return self
