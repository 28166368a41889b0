"""The shapes of the tables of predicted lifetime value: fits, scores, and what came of predictions."""

import polars as pl

_MEASURES = {
    "predictor": pl.String(),
    "target": pl.String(),
    "customers": pl.Int64(),
    "predicted": pl.Float64(),
    "actual": pl.Float64(),
}
LIFETIME_MODELS = pl.Schema(
    {
        "fit_id": pl.String(),
        "definition": pl.String(),
        "as_of": pl.Date(),
        "revision": pl.Int64(),
        "settings": pl.String(),
        "calibration_end": pl.Date(),
        "holdout_end": pl.Date(),
        "status": pl.String(),
        "reason": pl.String(),
        "model": pl.String(),
        "compared_with": pl.String(),
        "fits": pl.List(
            pl.Struct(
                {
                    "model": pl.String(),
                    "fitted_on": pl.String(),
                    "error": pl.String(),
                    "customers": pl.Int64(),
                    "log_likelihood": pl.Float64(),
                    "parameters": pl.List(
                        pl.Struct(
                            {"name": pl.String(), "value": pl.Float64(), "standard_error": pl.Float64()}
                        )
                    ),
                }
            )
        ),
        "quality": pl.List(
            pl.Struct(
                _MEASURES
                | dict.fromkeys(
                    ("total_error", "absolute_error", "squared_error", "deviance", "gain", "top_lift"),
                    pl.Float64(),
                )
            )
        ),
        "deciles": pl.List(
            pl.Struct(_MEASURES | {"decile": pl.Int16(), "lift": pl.Float64(), "gain": pl.Float64()})
        ),
    }
)
"""Every fit of lifetime value with its validation; the highest revision of a definition's day counts."""

LIFETIME_SCORES = pl.Schema(
    {
        "person_id": pl.String(),
        "frequency": pl.Int64(),
        "recency": pl.Float64(),
        "age": pl.Float64(),
        "spend": pl.Decimal(18, 2),
        "spend_last_year": pl.Decimal(18, 2),
        "p_alive": pl.Float64(),
        "expected_purchases": pl.Float64(),
        "discounted_purchases": pl.Float64(),
        "expected_spend": pl.Float64(),
        "predicted_spend": pl.Float64(),
        "predicted_value": pl.Float64(),
        "predicted_value_decile": pl.Int16(),
        "fit_id": pl.String(),
    }
)
"""Of everybody as of a day (`as_of` is added); what was spent has the type of the dataset's amounts."""

LIFETIME_ACTUALS = pl.Schema(
    {
        "as_of": pl.Date(),
        "scored_as_of": pl.Date(),
        "days": pl.Int64(),
        "decile": pl.Int16(),
        "customers": pl.Int64(),
        "predicted_purchases": pl.Float64(),
        "actual_purchases": pl.Int64(),
        "predicted_spend": pl.Float64(),
        "actual_spend": pl.Decimal(18, 2),
    }
)
"""What earlier scores had predicted until a day, and what came until then."""
