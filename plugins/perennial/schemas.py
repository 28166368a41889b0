"""`python -m perennial.schemas`: the documents' models in, a JSON Schema for each kind out, for editors."""

import json
from pathlib import Path

from perennial.activation.definition import Activation
from perennial.audiences.definition import Audience
from perennial.documents import Document
from perennial.profiles.definition import ProfileDefinition
from perennial.settings import Settings
from perennial.signals.dataset import Dataset
from perennial.value.definition import ValueDefinition
from perennial.web.dashboards import Dashboard

KINDS: dict[str, type[Document]] = {
    "datasets": Dataset,
    "value": ValueDefinition,
    "profiles": ProfileDefinition,
    "audiences": Audience,
    "activations": Activation,
    "dashboards": Dashboard,
}
"""The model of the documents in each folder of `include/`."""


def schema(kind: str) -> str:
    """The JSON Schema of a kind of document, as text; `name` is optional, since the file's own is taken."""
    content = KINDS[kind].model_json_schema()
    content["required"] = [field for field in content.get("required", []) if field != "name"]
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def write(folder: Path) -> None:
    """Write `<kind>.json` for every kind."""
    folder.mkdir(exist_ok=True)
    for kind in KINDS:
        (folder / f"{kind}.json").write_text(schema(kind), encoding="utf-8")


if __name__ == "__main__":
    write(Settings.from_env().include / "schemas")
