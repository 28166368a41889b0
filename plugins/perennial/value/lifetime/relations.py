"""The lake and the documents of lifetime value in; what SQL may read of them, by name, out."""

from collections.abc import Iterable

import polars as pl

from perennial.lake.catalog import Lake
from perennial.lake.lifetime import LIFETIME_SCORES
from perennial.lake.tables import Table
from perennial.value.lifetime.names import NAMES


def tables(lake: Lake, names: Iterable[str]) -> dict[str, Table]:
    """Scores of each document under its name, `<name>_actuals`, and `lifetime_models`.

    Scores of a document that has none yet are in `frames`.
    """
    found = {"lifetime_models": lake.lifetime_models}
    for name in names:
        found[f"{name}_actuals"] = lake.lifetime_actuals(name)
        if lake.lifetime(name).exists():
            found[name] = lake.lifetime(name)
    return found


def frames(lake: Lake, names: Iterable[str]) -> dict[str, pl.DataFrame]:
    """What models are called (`model_names`: key, name), and empty scores where nobody was scored yet."""
    nobody = pl.DataFrame(schema={**LIFETIME_SCORES, "as_of": pl.Date()})
    unscored = {name: nobody for name in names if not lake.lifetime(name).exists()}
    return {"model_names": pl.DataFrame([*NAMES.items()], schema=["key", "name"], orient="row"), **unscored}


def scores(lake: Lake, names: Iterable[str]) -> pl.LazyFrame:
    """What each document predicts: (definition, as_of, person_id, fit_id, p_alive, predicted_value)."""
    columns = ["person_id", "fit_id", "p_alive", "predicted_value"]
    schema = {
        "definition": pl.String(),
        "as_of": pl.Date(),
        **{name: LIFETIME_SCORES[name] for name in columns},
    }
    found = [
        lake.lifetime(name).scan().select(pl.lit(name).alias("definition"), "as_of", *columns)
        for name in names
        if lake.lifetime(name).exists()
    ]
    return pl.concat([pl.LazyFrame(schema=schema), *found])
