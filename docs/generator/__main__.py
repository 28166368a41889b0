"""`python -m generator`: writes `docs/reference`."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from generator import collector, connectors, documents, tables
from generator.markdown import link, page, table
from perennial.settings import REPOSITORY, Settings

FOLDER = REPOSITORY / "docs/reference"
INCLUDE = REPOSITORY / "include"
LISTED = [
    (
        "connectors.md",
        "Connectors",
        "Providers: what they can, how much they take, what they need",
    ),
    ("dags.md", "Dags", "When each runs, its form, what starts it and what it leaves"),
    ("pages_and_api.md", "Pages and API", "Addresses in Airflow's UI, and who may open them"),
    ("collector_api.md", "The collector's API", "Messages, files, webhooks, links"),
    ("lake_tables.md", "Tables of the lake", "Delta tables, their columns and partitions"),
    ("insights_tables.md", "Tables of the insights model", "The star schema in PostgreSQL"),
    ("kpis.md", "KPIs", "Queries that widgets can name"),
    ("settings.md", "Settings", "Variables of the environment, and connections"),
]


def pages() -> dict[str, str]:
    """Every page that needs no Airflow, by its name in `docs/reference`."""
    return {
        "README.md": _index(),
        **documents.pages(),
        "connectors.md": connectors.connectors_page(),
        "collector_api.md": collector.collector_page(),
        "lake_tables.md": tables.lake_page(),
        "insights_tables.md": tables.insights_page(INCLUDE),
        "kpis.md": tables.kpis_page(INCLUDE),
    }


def airflow_pages(dags: Mapping[str, Any]) -> dict[str, str]:
    """Those that are read off what Airflow has read."""
    from generator.dags import dags_page
    from generator.settings import settings_page
    from generator.web import web_page
    from perennial.web.app import create_app

    app = create_app(Settings(INCLUDE, "lake", "landing", Path("spool")))
    return {
        "dags.md": dags_page(dags),
        "pages_and_api.md": web_page(app),
        "settings.md": settings_page(),
    }


def _index() -> str:
    return page(
        "Reference",
        "Written from the code by `make reference`; a test compares. What things are for, and why they are as"
        " they are, say the [other pages](../README.md).",
        table(["Page", "Lists"], [(link(title, name), about) for name, title, about in LISTED]),
        "## Documents",
        documents.index(),
    )


def _dags() -> Mapping[str, Any]:
    os.environ["PERENNIAL_SANDBOX_PORT"] = "1"
    os.environ["PERENNIAL_INCLUDE"] = str(INCLUDE)
    os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
    from airflow.dag_processing.dagbag import DagBag

    found: Mapping[str, Any] = DagBag(dag_folder=str(REPOSITORY / "dags")).dags
    return found


def main() -> None:
    """Write every page."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["AIRFLOW_HOME"] = home
        os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = f"sqlite:///{home}/airflow.db"
        written = {**pages(), **airflow_pages(_dags())}
    for name, text in written.items():
        (FOLDER / name).parent.mkdir(parents=True, exist_ok=True)
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
