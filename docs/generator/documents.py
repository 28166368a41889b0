"""The models of documents in; a page for each folder of `include/` out, with a table for each model."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from generator.markdown import code, link, page, prose, table
from generator.types import constraints, described
from perennial.documents import Document
from perennial.insights.kpi import Kpi
from perennial.insights.model import Model
from perennial.queries.scheduled import ScheduledQuery
from perennial.queries.templates import Template
from perennial.schemas import KINDS


@dataclass(frozen=True)
class Folder:
    """One folder of `include/`."""

    name: str
    about: str
    """What a document there is, for the list of pages."""
    manual: str
    """The page that explains it, in `docs/`."""
    models: tuple[type[Document], ...]
    sql: str = ""
    """Where the documents are comments of SQL files: the field that the SQL becomes."""

    @property
    def page(self) -> str:
        """The file's name in `docs/reference/documents`."""
        return f"{self.name.replace('/', '_')}.md"


def _yaml(name: str, about: str, manual: str) -> Folder:
    return Folder(name, about, manual, KINDS[name])


FOLDERS = [
    _yaml("datasets", "Where rows come from, what their columns are, which rows are good", "datasets.md"),
    _yaml("namespaces", "By which names people are known", "identities.md"),
    _yaml("bots", "Which visitors are no people", "bots.md"),
    _yaml("value", "Deciles, RFM segments, predicted lifetime value", "customer_value.md"),
    _yaml("matches", "Two tables that are joined by what is alike", "matching.md"),
    _yaml("profiles", "What makes up a person: merge policies", "identities.md"),
    _yaml("browsing", "What people looked at and left behind", "abandoned_browse.md"),
    _yaml("computed", "Attributes that a person's events come to", "profiles.md"),
    _yaml("audiences", "Who belongs together: rules and uploaded lists", "audiences.md"),
    _yaml("consent", "Who may be addressed for which purpose", "audiences.md"),
    _yaml("activations", "Which audiences go to which destination", "destinations.md"),
    _yaml("campaigns", "E-mails over a mail server of your own", "campaigns.md"),
    _yaml("dashboards", "Widgets, filters and days", "dashboards.md"),
    _yaml("reports", "Dashboards by e-mail", "dashboards.md"),
    _yaml("retention", "How long which tables keep", "privacy.md"),
    _yaml("alerts", "Who hears of what goes wrong", "operations.md"),
    Folder("sql/insights", "Tables of the star schema", "insights.md", (Model,), "query"),
    Folder("sql/kpi", "The library of KPIs", "insights.md", (Kpi,), "query"),
    Folder("sql/queries", "Queries that run on a schedule", "queries.md", (ScheduledQuery,), "sql"),
    Folder("sql/templates", "Saved queries", "queries.md", (Template,), "sql"),
]


def pages() -> dict[str, str]:
    """Every page by its name."""
    return {f"documents/{each.page}": _page(each) for each in FOLDERS}


def index() -> str:
    """A table of all of them, as seen from `docs/reference`."""
    rows = [
        (
            link(f"`include/{each.name}`", f"documents/{each.page}"),
            each.about,
            link(each.manual, f"../{each.manual}"),
        )
        for each in FOLDERS
    ]
    return table(["Folder", "A document says", "Explained in"], rows)


def _page(folder: Folder) -> str:
    files = f"`include/{folder.name}/*.{'sql' if folder.sql else 'yaml'}`"
    where = f"Of {files}. {link(folder.manual, f'../../{folder.manual}')} explains what they are for."
    how = (
        "Its keys stand in the comment at the top of the file, as YAML; the SQL follows."
        if folder.sql
        else f"`include/schemas/{folder.name}.json` says the same to editors."
    )
    parts, seen = [], set[str]()
    for model in folder.models:
        schema = model.model_json_schema()
        heading = _kind(schema) if len(folder.models) > 1 else "Keys"
        leaving = {"name", folder.sql} if folder.sql else {"name"}
        parts.append(_section(heading, schema, schema, leaving))
        for name in _reached(schema, schema.get("$defs", {}), []):
            if name not in seen:
                seen.add(name)
                parts.append(_section(name, schema["$defs"][name], schema, set()))
    named = "The file's name is the document's name." if "name" in folder.models[0].model_fields else ""
    return page(f"Documents: {folder.name}", f"{where} {how} {named}".strip(), *parts)


def _kind(schema: dict[str, Any]) -> str:
    return f"kind: {schema['properties']['kind']['const']}"


def _section(heading: str, model: dict[str, Any], schema: dict[str, Any], leaving: set[str]) -> str:
    definitions = schema.get("$defs", {})
    rows = []
    for key, one in model.get("properties", {}).items():
        if key in leaving:
            continue
        required = key in model.get("required", ())
        default = "required" if required else _default(one)
        meaning = " ".join(filter(None, [_sentence(one.get("description")), constraints(one)]))
        rows.append((f"`{key}`", described(one, definitions), default, meaning))
    said = "\n\n".join(prose(each) for each in model.get("description", "").split("\n\n"))
    return "\n\n".join(
        filter(None, [f"## {heading}", said, table(["Key", "Type", "Default", "Meaning"], rows)])
    )


def _default(one: dict[str, Any]) -> str:
    value = one.get("default")
    if isinstance(value, dict) and value:
        return "its own defaults"
    return "" if value in (None, "", [], {}) else code(value)


def _sentence(text: str | None) -> str:
    said = prose(text)
    return said if not said or said[-1] in ".:`)" else f"{said}."


def _reached(part: Any, definitions: dict[str, Any], found: list[str]) -> list[str]:
    """The models that a schema leads to, in the order in which they are met; lists of values are none."""
    for name in _references(part):
        if name not in found and "properties" in definitions[name]:
            found.append(name)
            _reached(definitions[name], definitions, found)
    return found


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"].rpartition("/")[2]
        for key, each in part.items():
            if key != "$defs":
                yield from _references(each)
    elif isinstance(part, list):
        for each in part:
            yield from _references(each)
