"""`python -m perennial.schemas`: the documents' models in, a JSON Schema for each kind out, for editors."""

import json
from pathlib import Path
from typing import Any, Union

from pydantic import TypeAdapter

from perennial.activation.definition import Activation
from perennial.alerts.definition import Alerts
from perennial.audiences.definition import Audience, Consent
from perennial.bots.definition import BotDefinition
from perennial.campaigns.definition import Campaign
from perennial.documents import Document
from perennial.identity.namespace import Namespace
from perennial.lake.retention import Retention
from perennial.matching.definition import KINDS as MATCH_KINDS
from perennial.profiles.browsing import AbandonedBrowse
from perennial.profiles.computed import ComputedAttribute
from perennial.profiles.definition import ProfileDefinition
from perennial.settings import Settings
from perennial.signals.dataset import Dataset
from perennial.stages.workspace import VALUE_KINDS
from perennial.web.dashboards import Dashboard
from perennial.web.reports import Report

KINDS: dict[str, tuple[type[Document], ...]] = {
    "namespaces": (Namespace,),
    "datasets": (Dataset,),
    "bots": (BotDefinition,),
    "value": tuple(VALUE_KINDS.values()),
    "matches": tuple(MATCH_KINDS.values()),
    "profiles": (ProfileDefinition,),
    "browsing": (AbandonedBrowse,),
    "computed": (ComputedAttribute,),
    "audiences": (Audience,),
    "consent": (Consent,),
    "activations": (Activation,),
    "campaigns": (Campaign,),
    "dashboards": (Dashboard,),
    "reports": (Report,),
    "retention": (Retention,),
    "alerts": (Alerts,),
}
"""The models of the documents in each folder of `include/`."""


def schema(kind: str) -> str:
    """The JSON Schema of a kind of document, as text; `name` is optional, since the file's own is taken."""
    models = KINDS[kind]
    either: Any = Union[models]  # noqa: UP007
    content: dict[str, Any] = TypeAdapter(either).json_schema()
    definitions = content.get("$defs", {})
    for each in (
        content,
        *(definitions[model.__name__] for model in models if model.__name__ in definitions),
    ):
        if "required" in each:
            each["required"] = [field for field in each["required"] if field != "name"]
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def write(folder: Path) -> None:
    """Write `<kind>.json` for every kind."""
    folder.mkdir(exist_ok=True)
    for kind in KINDS:
        (folder / f"{kind}.json").write_text(schema(kind), encoding="utf-8")


if __name__ == "__main__":
    write(Settings.from_env().include / "schemas")
