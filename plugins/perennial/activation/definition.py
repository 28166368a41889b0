"""An activation document: which audiences go to which destination, with which fields of the profile."""

import re
from fnmatch import fnmatch
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from perennial.activation.destinations.files.definition import Files
from perennial.activation.destinations.files.names import has
from perennial.activation.destinations.registry import FILES, UnknownKindError, connector, kinds, known
from perennial.activation.shares import HoldoutField
from perennial.activation.timing import Timed
from perennial.documents import Document, DocumentError, load, load_each


class Source(Document):
    """A column of the profile; where it is a map, such as the deciles of departments, one key of it."""

    attribute: str
    """The column of the profile."""
    key: str | None = None
    """Which entry, where the column is a map."""
    default: str | int | float | None = None
    """Sent where the profile has no value. Without it the destination clears the field, if it can."""


def _short_form(value: Any) -> Any:
    return {"attribute": value} if isinstance(value, str) else value


SourceField = Annotated[Source, BeforeValidator(_short_form, json_schema_input_type=str | Source)]


def _named(value: Any) -> Any:
    """A list of attributes as a mapping: each is called as it is, with underscores for what is no letter."""
    if not isinstance(value, list):
        return value
    sources = [_short_form(each) for each in value]
    parts = [
        (str(each.get("attribute", "")), str(each.get("key") or "")) if isinstance(each, dict) else ("", "")
        for each in sources
    ]
    names = [re.sub(r"\W", "_", "_".join(filter(None, each))) for each in parts]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{', '.join(twice)}: twice; give them names: `mapping: {{name: attribute}}`")
    return dict(zip(names, sources, strict=True))


FieldName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
FieldMapping = Annotated[
    dict[FieldName, SourceField],
    BeforeValidator(_named, json_schema_input_type=dict[FieldName, SourceField] | list[SourceField]),
]


class _Kinds:
    """For editors: a kind is one of those that there are connectors for."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), "enum": sorted([*kinds(), FILES])}


def _known(kind: str) -> str:
    try:
        return known(kind)
    except UnknownKindError as error:
        raise ValueError(str(error)) from None


class DestinationReference(Document):
    """A kind of destination, and the Airflow connection that holds its address and credentials."""

    kind: Annotated[str, AfterValidator(_known), _Kinds()]
    """A kind of provider, or `files`."""
    connection: str = ""
    """Files in a folder of this machine need none."""


class Activation(Timed):
    """One mirror of audiences in a destination."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    title: str
    """What people call it."""
    destination: DestinationReference
    """Where it sends."""
    audiences: Annotated[list[str], Field(min_length=1)]
    """Names of audience documents; taking one off empties its list."""
    key: str = "email"
    """The profile's column by which the destination knows a person; whoever lacks it is counted, not sent."""
    mapping: FieldMapping = {}
    """The destination's field -> where its value comes from; or a list of attributes, called as they are."""
    files: Files | None = None
    """How the files are written, of an activation to files."""
    list_name: str = "Perennial: {title}"
    """What the lists are called; `{title}` and `{name}` are the audience's."""
    holdout: HoldoutField | None = None
    """How many of those who qualify are sent nothing, so that it can be measured what sending brings."""

    @property
    def dag(self) -> str:
        """The Dag that sends it."""
        return f"activation_{self.name}"

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> "Activation":
        there = self.destination
        if (self.files is None) == (there.kind == FILES):
            raise ValueError("files: belongs to `destination: {kind: files}`, and only to that")
        if not there.connection and (self.files is None or self.files.scheme):
            raise ValueError(
                "destination: connection: the Airflow connection with the credentials is missing"
            )
        if self.files and self.approval:
            raise ValueError("approval: files are not asked about; leave it away")
        if self.files and self.mode == "incremental" and not has(self.files.name, "as_of"):
            raise ValueError(
                "files: name: {as_of} is missing: a file that was not fetched yet would be overwritten, and"
                " what it tells would be lost; add it, or say `mode: full`"
            )
        return self

    @model_validator(mode="after")
    def _writes_no_consent(self) -> "Activation":
        if self.files is not None:
            return self
        theirs = connector(self.destination.kind).declaration
        for target in self.mapping:
            if any(fnmatch(target.lower(), each.lower()) for each in theirs.capabilities.consent_fields):
                raise ValueError(
                    f"mapping: {target} is consent at {theirs.title}, and an activation never writes it"
                )
        return self


def load_activations(include: Path) -> dict[str, Activation | DocumentError]:
    """Every activation by name; one that cannot be read does not keep the others from being sent."""
    return load_each((include / "activations").glob("*.yaml"), lambda path: load(path, Activation))
