"""What the Signals routes share: the lake and the datasets' documents; a silent lake is explained."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from deltalake.exceptions import DeltaError
from fastapi import Depends, HTTPException, Request
from polars.exceptions import PolarsError

from perennial.documents import load_all
from perennial.errors import TransientError
from perennial.lake.catalog import Lake
from perennial.settings import Settings
from perennial.signals.dataset import Dataset
from perennial.web.watched import Watched


class LakeUnreadable(TransientError):
    """The lake's storage did not answer, or its files changed while they were read."""


class Signals:
    """The lake and the datasets of one deployment."""

    def __init__(self, settings: Settings) -> None:
        folder = settings.include / "datasets"
        self.lake = Lake(settings.lake)
        self.datasets = Watched(folder, lambda: load_all(folder, Dataset), "*.yaml")
        """By name."""


@contextmanager
def lake_errors() -> Iterator[None]:
    """Turn what the lake's libraries raise into `LakeUnreadable`, without the details of the storage."""
    try:
        yield
    except (DeltaError, PolarsError, OSError) as error:
        raise LakeUnreadable(
            f"The lake cannot be read at the moment ({type(error).__name__}). Try again; if it stays so, "
            "check that PERENNIAL_LAKE names a storage that the api-server reaches."
        ) from error


def get_signals(request: Request) -> Signals:
    """The app's lake and datasets."""
    signals: Signals = request.app.state.signals
    return signals


SignalsDep = Annotated[Signals, Depends(get_signals)]


def get_dataset(dataset: str, signals: SignalsDep) -> Dataset:
    """The dataset that the address names, or 404."""
    if (found := signals.datasets().get(dataset)) is None:
        raise HTTPException(404, "There is no such dataset.")
    return found


DatasetDep = Annotated[Dataset, Depends(get_dataset)]
