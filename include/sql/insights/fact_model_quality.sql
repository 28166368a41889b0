/*
title: How well models and simple rules predicted the holdout
kind: fact
grain: document of lifetime value, day of the fit, what predicted, and what was predicted
columns:
  date_key: date
  definition: text
  fit_id: text
  predictor: text
  role: text
  target: text
  customers: bigint
  predicted: double precision
  actual: double precision
  total_error: double precision
  absolute_error: double precision
  squared_error: double precision
  deviance: double precision
  gain: double precision
  top_lift: double precision
primary_key: [definition, date_key, predictor, target]
references:
  date_key: adwh_dim_date
comments:
  predictor: A model, the model in use until then, or a simple rule
  role: candidate, alternative (a model that predicted worse than the candidate), in use or baseline
  target: spend or purchases, in the holdout
  predicted: In total
  actual: In total
  total_error: Predicted over actual, less one
  absolute_error: Mean over customers
  squared_error: Root of the mean over customers
  deviance: Decides which model is better; less is better
  gain: 1 if customers are ranked as they turned out, 0 if by chance
  top_lift: What the best-ranked tenth brought, over what a tenth of all brought
*/
WITH measures AS (
    SELECT definition, as_of, fit_id, model, unnest(quality) AS measure
    FROM (
        SELECT definition, as_of, fit_id, model, quality
        FROM lifetime_models
        QUALIFY revision = max(revision) OVER (PARTITION BY definition, as_of)
    )
)
SELECT
    as_of - 1 AS date_key,
    definition,
    fit_id,
    model_names.name AS predictor,
    CASE
        WHEN measure.predictor = model THEN 'candidate'
        WHEN measure.predictor = 'in_use' THEN 'in use'
        WHEN measure.predictor IN ('last_year', 'rfm_regression') THEN 'baseline'
        ELSE 'alternative'
    END AS role,
    measure.target,
    measure.customers,
    measure.predicted,
    measure.actual,
    measure.total_error,
    measure.absolute_error,
    measure.squared_error,
    measure.deviance,
    measure.gain,
    measure.top_lift
FROM measures
JOIN model_names ON measure.predictor = model_names.key
