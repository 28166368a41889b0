"""A JSON Schema in; what people call its type, and what limits it, out."""

from collections.abc import Iterator, Mapping
from typing import Any

from generator.markdown import anchor, code, link

Schema = Mapping[str, Any]
SIMPLE = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "null",
}
FORMATS = {"date": "day", "date-time": "moment", "time": "time of day", "uuid": "UUID"}
ANY = ("text", "number", "true or false")
MANY = {each: f"{each}s" for each in ("value", "text", "whole number", "number", "day", "moment")}


def described(schema: Schema, definitions: Schema) -> str:
    """What a value is: `text`, `list of texts`, one of some words, or a link to the model's table."""
    kinds = list(dict.fromkeys(_kinds(schema, definitions)))
    if {*ANY} <= {*kinds}:
        kinds = ["value", *(kind for kind in kinds if kind not in (*SIMPLE.values(), *FORMATS.values()))]
    return " or ".join(kinds)


def constraints(schema: Schema) -> str:
    """What limits a value, as a sentence; of a list's items, too."""
    said = "; ".join(dict.fromkeys(_of_all(schema)))
    return f"{said[0].upper()}{said[1:]}." if said else ""


def _of_all(schema: Schema) -> Iterator[str]:
    yield from _limits(schema)
    for each in _alternatives(schema):
        yield from _of_all(each)
    if isinstance(items := schema.get("items"), Mapping):
        yield from (f"each {limit}" for limit in _of_all(items))


def _alternatives(schema: Schema) -> list[Schema]:
    return [each for key in ("anyOf", "oneOf") for each in schema.get(key, ())]


def _kinds(schema: Schema, definitions: Schema) -> Iterator[str]:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        known = definitions.get(name, {})
        if "properties" in known:
            yield link(name, f"#{anchor(name)}")
        else:
            yield from _kinds(known, definitions)
    elif several := _alternatives(schema):
        optional = "default" in schema and schema["default"] is None
        for each in several:
            if not (optional and each.get("type") == "null"):
                yield from _kinds(each, definitions)
    elif "const" in schema:
        yield code(schema["const"])
    elif "enum" in schema:
        yield ", ".join(code(each) for each in schema["enum"] if each is not None)
    elif schema.get("type") == "array":
        yield _array(schema, definitions)
    elif schema.get("type") == "object":
        values = schema.get("additionalProperties")
        of = described(values, definitions) if isinstance(values, Mapping) else ""
        yield f"mapping: name to {of}" if of else "mapping"
    else:
        yield FORMATS.get(schema.get("format", ""), SIMPLE.get(schema.get("type", ""), "any value"))


def _array(schema: Schema, definitions: Schema) -> str:
    if parts := schema.get("prefixItems"):
        return f"{len(parts)} values: " + ", ".join(described(each, definitions) for each in parts)
    of = described(schema.get("items", {}), definitions)
    return f"list of {MANY.get(of, of)}"


def _limits(schema: Schema) -> Iterator[str]:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        yield f"from {low:,} to {high:,}"
    elif low is not None:
        yield f"at least {low:,}"
    elif high is not None:
        yield f"at most {high:,}"
    if (above := schema.get("exclusiveMinimum")) is not None:
        yield f"above {above:,}"
    if (below := schema.get("exclusiveMaximum")) is not None:
        yield f"below {below:,}"
    if (least := schema.get("minItems", 0)) and "prefixItems" not in schema:
        yield f"at least {least} of them" if least > 1 else "not empty"
    shortest, longest = schema.get("minLength", 0), schema.get("maxLength")
    if shortest == longest == 1:
        yield "one character"
    else:
        if shortest:
            yield "not empty" if shortest == 1 else f"at least {shortest} characters"
        if longest:
            yield f"at most {longest:,} characters"
    if pattern := schema.get("pattern"):
        yield f"matches {code(pattern)}"
    if examples := schema.get("examples"):
        yield f"such as {', '.join(map(code, examples))}"
