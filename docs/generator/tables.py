"""The lake's tables, the star schema's and the KPIs in; a page of each out."""

import inspect
import pkgutil
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl

import perennial.lake
from generator.markdown import anchor, code, link, page, prose, table
from perennial import docstrings
from perennial.insights.kpi import load_kpis, load_parameters
from perennial.insights.model import Model, load_models
from perennial.lake.catalog import Lake
from perennial.lake.tables import Table


def lake_page() -> str:
    """The tables of the lake, in the order of the catalogue."""
    modules = [
        import_module(f"perennial.lake.{each.name}") for each in pkgutil.iter_modules(perennial.lake.__path__)
    ]
    lake = Lake("lake")
    sections = []
    for name, member in vars(Lake).items():
        if name.startswith("_") or name == "named" or not (isinstance(member, property) or callable(member)):
            continue
        function = member.fget if isinstance(member, property) else member
        if function is None or "Table" not in str(function.__annotations__.get("return")):
            continue
        _, *names = inspect.signature(function).parameters
        made = (
            getattr(lake, name) if isinstance(member, property) else member(lake, *(f"<{n}>" for n in names))
        )
        sections.append(_lake_table(made, str(function.__doc__), modules))
    return page(
        "Tables of the lake",
        "Delta tables below `PERENNIAL_LAKE`, each in the folder of its name; SQL on the page *Queries* calls"
        " them the same with a point for the slash. Those without columns here have the columns of"
        " their documents. [lake.md](../lake.md) says how they are read and kept.",
        *sections,
    )


def _lake_table(made: Table, about: str, modules: list[ModuleType]) -> str:
    schema: pl.Schema | None = made.schema
    more = docstrings.about(schema, modules) if schema is not None else ""
    rows = [(code(name), _typed(kind)) for name, kind in schema.items()] if schema is not None else []
    by = f"In partitions by {code(made.partition)}." if made.partition else ""
    return "\n\n".join(
        filter(None, [f"## `{made.name}`", prose(about), prose(more), by, table(["Column", "Type"], rows)])
    )


def _typed(kind: Any) -> str:
    if isinstance(kind, pl.List):
        return f"list of {_typed(kind.inner)}"
    if isinstance(kind, pl.Struct):
        return "(" + ", ".join(f"{code(field.name)} {_typed(field.dtype)}" for field in kind.fields) + ")"
    if isinstance(kind, pl.Datetime):
        return "timestamp, UTC"
    if isinstance(kind, pl.Decimal):
        return f"decimal, {kind.scale} digits"
    names = {"string": "text", "boolean": "boolean", "date": "date"}
    said = str(kind).lower()
    return names.get(said, "float" if said.startswith("float") else "integer")


def insights_page(include: Path) -> str:
    """The tables of the star schema, by kind."""
    models = load_models(include / "sql/insights")
    parts = [
        part
        for kind, title in (("dimension", "Dimensions"), ("fact", "Facts"), ("lookup", "Lookups"))
        for part in [f"## {title}", *(_model(each) for each in models.values() if each.kind == kind)]
    ]
    return page(
        "Tables of the insights model",
        "The star schema in the store's schema `insights`, as the files of `include/sql/insights` declare it."
        " [insights.md](../insights.md) explains it. `catalogue_tables`, `catalogue_columns` and"
        " `catalogue_foreign_keys` say the same in SQL.",
        *parts,
    )


def _model(model: Model) -> str:
    leads = {column: key for key in model.foreign_keys for column in key.columns}
    rows = [
        (
            code(name),
            kind,
            "yes" if name in model.primary_key else "",
            link(leads[name].table, f"#{anchor(leads[name].table)}") if name in leads else "",
            model.comments.get(name, ""),
        )
        for name, kind in model.columns.items()
    ]
    of = ", ".join(map(code, model.source))
    facts = [
        f"**{model.title}.**",
        f"One row: {prose(model.grain)}." if model.grain else "",
        "A view." if model.stored == "view" else "",
        f"From {of}." if of else "",
        "Refreshed with responses, too." if "responses" in model.process else "",
    ]
    said = " ".join(filter(None, facts))
    return "\n\n".join(
        [f"### {model.name}", said, table(["Column", "Type", "Key", "Leads to", "Meaning"], rows)]
    )


def kpis_page(include: Path) -> str:
    """The library of KPIs, and what they can be asked with."""
    folder = include / "sql/kpi"
    kpis = [
        (code(name), each.title, prose(each.about), ", ".join(map(code, each.parameters)))
        for name, each in load_kpis(folder).items()
    ]
    parameters = [
        (code(name), each.title, prose(each.about)) for name, each in load_parameters(folder).items()
    ]
    return page(
        "KPIs",
        "Queries over the store that widgets can name; [insights.md](../insights.md#kpis) says how.",
        table(["KPI", "Title", "Gives", "Parameters"], kpis),
        "## Parameters",
        table(["Parameter", "Title", "Meaning"], parameters),
    )
