"""Documents in; the Dags that a file of `dags` makes of them, out."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from perennial.settings import REPOSITORY


@contextmanager
def dags_of(home: Path, file: str, kind: str, documents: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """By their names; `kind` is the documents' folder in `include`."""
    folder, include = home / "dags", home / "include" / kind
    folder.mkdir()
    include.mkdir(parents=True)
    shutil.copy(REPOSITORY / "dags" / file, folder)
    for name, text in documents.items():
        (include / f"{name}.yaml").write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_HOME", str(home))
        patch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", f"sqlite:///{home}/airflow.db")
        patch.setenv("PERENNIAL_INCLUDE", str(include.parent))
        from airflow.dag_processing.dagbag import DagBag

        bag = DagBag(dag_folder=str(folder), bundle_path=Path(folder))
        assert not bag.import_errors
        yield bag.dags
