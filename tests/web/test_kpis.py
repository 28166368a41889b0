"""A widget takes the SQL of a KPI over, with its own filters in place of the KPI's parameters."""

import os
from pathlib import Path

import pytest

from perennial.documents import DocumentError
from perennial.web.dashboards import Dashboard, load_dashboards
from perennial.web.parameters import renamed
from perennial.web.state import Library

BOARD = """
title: T
filters: [{name: audience, title: A, sql: SELECT 1}, {name: left, title: L, sql: SELECT 1}]
widgets:
"""
KPI = "/*\ntitle: Sizes\nabout: How many\nparameters: [audience, day]\n*/\nSELECT $audience AS a, $day AS d"


def board(folder: Path, kpi: str) -> Dashboard:
    (folder / "dashboards").mkdir(exist_ok=True)
    (folder / "sql/kpi").mkdir(parents=True, exist_ok=True)
    (folder / "sql/kpi/sizes.sql").write_text(KPI)
    explained = "audience: {title: A, about: One}\nday: {title: D, about: One}\n"
    (folder / "sql/kpi/parameters.yaml").write_text(explained)
    widget = f"  - {{id: w, title: W, mark: table, kpi: {kpi}}}\n"
    (folder / "dashboards/b.yaml").write_text(BOARD + widget)
    return load_dashboards(folder)["b"]


def test_a_kpi_by_its_name(tmp_path: Path) -> None:
    assert board(tmp_path, "sizes").widgets[0].sql == "SELECT $audience AS a, $day AS d"


def test_a_parameter_may_be_asked_for_with_another_filter(tmp_path: Path) -> None:
    made = board(tmp_path, "{name: sizes, parameters: {audience: left}}")
    assert made.widgets[0].sql == "SELECT $left AS a, $day AS d"


def test_a_kpi_that_is_changed_is_read_again(tmp_path: Path) -> None:
    board(tmp_path, "sizes")
    library = Library(tmp_path)
    assert library.dashboards()["b"].widgets[0].sql == "SELECT $audience AS a, $day AS d"
    file = tmp_path / "sql/kpi/sizes.sql"
    file.write_text(KPI.replace("AS a", "AS b"))
    os.utime(file, ns=(1, 1))
    assert library.dashboards()["b"].widgets[0].sql == "SELECT $audience AS b, $day AS d"


@pytest.mark.parametrize(
    ("kpi", "said"),
    [
        ("size", "there is no size; there are sizes"),
        ("{name: sizes, parameters: {night: left}}", "sizes has no parameter night; it has audience, day"),
        ("{name: sizes, parameters: {audience: right}}", r"uses \$right"),
        ("{title: sizes}", "name"),
    ],
)
def test_a_mistake_is_explained(tmp_path: Path, kpi: str, said: str) -> None:
    with pytest.raises(DocumentError, match=said):
        board(tmp_path, kpi)


def test_texts_and_comments_are_not_renamed() -> None:
    said = "SELECT '$a', \"$a\", $a, $ab -- $a\n/* $a */"
    assert renamed(said, {"a": "b"}) == "SELECT '$a', \"$a\", $b, $ab -- $a\n/* $a */"
