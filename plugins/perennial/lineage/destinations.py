"""Documents of activations and campaigns in; which attribute of the profile each field comes from, out."""

from collections.abc import Mapping

from perennial.activation.definition import Activation, Source
from perennial.activation.destinations.files.definition import STATUS
from perennial.activation.destinations.registry import FILES
from perennial.campaigns.definition import Campaign
from perennial.lineage.model import MEMBERSHIP, PERSON, Dataset, Derivation, Documents, Use, profiles_of


def destination(activation: Activation) -> Dataset:
    """Where an activation sends to: the provider's account, or the folder of its files."""
    if activation.files is not None:
        here = not activation.files.scheme
        return Dataset("exports" if here else "elsewhere", activation.files.path)
    there = activation.destination
    return Dataset("elsewhere", f"{there.kind}://{there.connection}/{activation.name}")


def activated(documents: Documents, activation: Activation) -> Derivation:
    """What an activation tells of people, and which people."""
    columns = _mapped(documents, activation.mapping)
    people = profiles_of(documents)
    reached = {use.column for uses in columns.values() for use in uses}
    if activation.destination.kind != FILES or activation.key not in reached:
        columns.setdefault(activation.key, (Use(people, activation.key),))
    held = activation.holdout.decile if activation.holdout else None
    more = [Use(people, held, "filter", "drawn by lot within")] if held else []
    return Derivation(columns, (*_members(documents, activation.audiences, activation.key), *more))


def mailed(documents: Documents, campaign: Campaign) -> tuple[Dataset, Derivation]:
    """What a campaign's e-mails tell of people, and which people."""
    columns = _mapped(documents, campaign.fields)
    columns.setdefault(campaign.key, (Use(profiles_of(documents), campaign.key),))
    there = Dataset("elsewhere", f"smtp://{campaign.connection}/{campaign.name}")
    return there, Derivation(columns, _members(documents, campaign.audiences, campaign.key))


def _mapped(documents: Documents, mapping: Mapping[str, Source]) -> dict[str, tuple[Use, ...]]:
    people = profiles_of(documents)
    return {
        field: (Use(MEMBERSHIP, "status") if source.attribute == STATUS else Use(people, source.attribute),)
        for field, source in mapping.items()
    }


def _members(documents: Documents, audiences: list[str], key: str) -> tuple[Use, ...]:
    people, names = profiles_of(documents), ", ".join(audiences)
    return (
        Use(MEMBERSHIP, "audience", "filter", names),
        Use(MEMBERSHIP, PERSON, "join"),
        Use(people, PERSON, "join"),
        Use(people, key, "filter"),
    )
