"""The audiences of a deployment, with what became of them, in; changes to their documents out."""

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from perennial.activation.definition import Activation
from perennial.audiences.definition import Audience
from perennial.audiences.editing import DefinitionRefused, plain, read, to_yaml
from perennial.audiences.evaluation import spoken_of
from perennial.audiences.sentence import described
from perennial.audiences.splitting import Part, definitions
from perennial.documents import Mistake, load_all
from perennial.errors import TerminalError
from perennial.stages import live_audiences
from perennial.stages.audience_history import days, standing, trend
from perennial.stages.estimates import check, titles_of
from perennial.stages.lists import about, namespace_of
from perennial.stages.uploads import clear
from perennial.stages.workspace import Workspace

RESERVED = {"new", "blocks", "values", "estimate", "overlap"}
"""What addresses say in place of an audience's name."""


class AudienceInUse(TerminalError):
    """Something depends on the audience, or it was changed meanwhile."""


@dataclass(frozen=True)
class Consumer:
    """What depends on an audience."""

    kind: str
    name: str
    title: str


def listed(workspace: Workspace) -> list[dict[str, Any]]:
    """All audiences, each with its last evaluation."""
    titles, evaluations, live = titles_of(workspace), days(workspace), live_audiences.now(workspace)
    return [
        {
            "name": name,
            "title": each.title,
            "description": each.description,
            "state": each.state,
            "purpose": each.purpose,
            "evaluation": each.evaluation,
            "sentence": described(each, titles),
            "definition_hash": each.definition_hash,
            "live": live.get(name),
            **standing(each, evaluations),
        }
        for name, each in workspace.audiences.items()
    ]


def shown(workspace: Workspace, name: str) -> dict[str, Any]:
    """One audience, with its trend, what it is made of, and what depends on it."""
    audience, evaluations = workspace.audiences[name], days(workspace)
    return {
        "name": name,
        "definition": plain(audience),
        "sentence": described(audience, titles_of(workspace)),
        "yaml": to_yaml(audience),
        "definition_hash": audience.definition_hash,
        "live": live_audiences.now(workspace).get(name),
        "hindrances": live_audiences.hindered(workspace, audience),
        **standing(audience, evaluations),
        "trend": trend(audience, evaluations),
        "uses": sorted(spoken_of(audience, workspace.consents)),
        "consumers": [asdict(each) for each in consumers(workspace, name)],
        "list": None if audience.list is None else about(workspace, name, audience.list),
    }


def consumers(workspace: Workspace, name: str) -> list[Consumer]:
    """What depends on an audience: others that are not inactive, and activations."""
    found = [
        Consumer("audience", other, each.title)
        for other, each in workspace.audiences.items()
        if each.state != "inactive" and name in spoken_of(each, workspace.consents)
    ]
    activations = load_all(workspace.settings.include / "activations", Activation)
    return found + [
        Consumer("activation", each.name, each.title)
        for each in activations.values()
        if name in each.audiences
    ]


def save(workspace: Workspace, name: str, definition: dict[str, Any], before: str | None) -> None:
    """Write an audience's document.

    `before` is the hash of the definition that was changed, None for a new one. Raises `DefinitionRefused`,
    `RuleError` and `AudienceInUse`.
    """
    if name in RESERVED:
        raise DefinitionRefused(
            [Mistake("name", f"{name} has a meaning of its own here: choose another name")]
        )
    audience, known = read(name, definition), workspace.audiences.get(name)
    if known is None and before is not None:
        raise AudienceInUse(f"The audience {name} was deleted meanwhile.")
    if known is not None and before is None:
        raise AudienceInUse(f"There is an audience {name} already. Choose another name.")
    if known is not None and known.definition_hash != before:
        raise AudienceInUse(
            "Somebody has changed this audience meanwhile. Load it again, and repeat your change."
        )
    if known is not None and known.state == "published" and audience.state == "draft":
        raise AudienceInUse("A published audience does not become a draft again. Deactivate it, or copy it.")
    if known is not None and (known.list is None) != (audience.list is None):
        raise AudienceInUse("A rule does not become a list, nor a list a rule: make another audience.")
    if audience.list is not None:
        namespace_of(workspace, name, audience.list)
    if known is not None and audience.state == "inactive" != known.state:
        _refuse_if_used(workspace, name, "deactivated")
    _refuse_if_it_cannot_stream(workspace, audience)
    if audience.state == "published":
        check(workspace, audience)
    if known is None:
        # Its name may be that of a list whose document was deleted by hand.
        clear(workspace, name)
    path = _path(workspace, name)
    fresh = path.with_suffix(".tmp")
    fresh.write_text(to_yaml(audience), encoding="utf-8")
    os.replace(fresh, path)


def split(workspace: Workspace, name: str, parts: Sequence[Part]) -> list[str]:
    """Write a draft for each part of an audience, or none at all; returns their names.

    Raises `DefinitionRefused` and `AudienceInUse`.
    """
    drafts = definitions(workspace.audiences[name], parts)
    taken = [part for part in drafts if part in workspace.audiences]
    if taken:
        raise AudienceInUse(f"There is an audience {', '.join(taken)} already. Choose another name.")
    for part, draft in drafts.items():
        read(part, draft)
    for part, draft in drafts.items():
        save(workspace, part, draft, None)
    return [*drafts]


def delete(workspace: Workspace, name: str) -> None:
    """Remove an audience's document, and whom its list names; members that were found stay.

    Raises `AudienceInUse`.
    """
    _refuse_if_used(workspace, name, "deleted")
    _path(workspace, name).unlink(missing_ok=True)
    clear(workspace, name)


def _refuse_if_used(workspace: Workspace, name: str, what: str) -> None:
    if users := consumers(workspace, name):
        names = ", ".join(f"the {each.kind} “{each.title}”" for each in users)
        raise AudienceInUse(f"It cannot be {what}: {names} would miss it.")


def _refuse_if_it_cannot_stream(workspace: Workspace, audience: Audience) -> None:
    if audience.evaluation == "stream" and (why := live_audiences.hindered(workspace, audience)):
        raise DefinitionRefused([Mistake("evaluation", reason) for reason in why])
    if titles := live_audiences.stopped(workspace, audience):
        raise AudienceInUse(f"{', '.join(titles)} could no longer be evaluated as events come.")


def _path(workspace: Workspace, name: str) -> Path:
    return workspace.settings.include / "audiences" / f"{name}.yaml"
