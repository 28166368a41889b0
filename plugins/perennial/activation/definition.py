"""An activation document: which audiences go to which destination, with which fields of the profile."""

from fnmatch import fnmatch
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from perennial.activation.destinations.registry import UnknownKindError, connector, kinds, known
from perennial.activation.holdout import HoldoutField
from perennial.activation.timing import Timed
from perennial.documents import Document, DocumentError, load


class Source(Document):
    """A column of the profile; where it is a map, such as the deciles of departments, one key of it."""

    attribute: str
    key: str | None = None
    default: str | int | float | None = None
    """Sent where the profile has no value. Without it the destination clears the field, if it can."""


def _short_form(value: Any) -> Any:
    return {"attribute": value} if isinstance(value, str) else value


SourceField = Annotated[Source, BeforeValidator(_short_form, json_schema_input_type=str | Source)]


class _Kinds:
    """For editors: a kind is one of those that there are connectors for."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), "enum": kinds()}


def _known(kind: str) -> str:
    try:
        return known(kind)
    except UnknownKindError as error:
        raise ValueError(str(error)) from None


class DestinationReference(Document):
    """A kind of destination, and the Airflow connection that holds its address and credentials."""

    kind: Annotated[str, AfterValidator(_known), _Kinds()]
    connection: str


class Activation(Timed):
    """One mirror of audiences in a destination."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    title: str
    destination: DestinationReference
    audiences: Annotated[list[str], Field(min_length=1)]
    """Names of audience documents; taking one off empties its list."""
    key: str = "email"
    """The profile's column by which the destination knows a person; whoever lacks it is counted, not sent."""
    mapping: dict[Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")], SourceField] = {}
    """The destination's field -> where its value comes from."""
    list_name: str = "Perennial: {title}"
    """What the lists are called; `{title}` and `{name}` are the audience's."""
    holdout: HoldoutField | None = None
    """How many of those who qualify are sent nothing, so that it can be measured what sending brings."""

    @property
    def dag(self) -> str:
        """The Dag that sends it."""
        return f"activation_{self.name}"

    @model_validator(mode="after")
    def _writes_no_consent(self) -> "Activation":
        theirs = connector(self.destination.kind).declaration
        for target in self.mapping:
            if any(fnmatch(target.lower(), each.lower()) for each in theirs.capabilities.consent_fields):
                raise ValueError(
                    f"mapping: {target} is consent at {theirs.title}, and an activation never writes it"
                )
        return self


def load_activations(include: Path) -> dict[str, Activation | DocumentError]:
    """Every activation by name; one that cannot be read does not keep the others from being sent."""
    found: dict[str, Activation | DocumentError] = {}
    for path in sorted((include / "activations").glob("*.yaml")):
        try:
            found[path.stem] = load(path, Activation)
        except DocumentError as error:
            found[path.stem] = error
    return found
