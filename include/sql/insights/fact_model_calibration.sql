/*
title: Predicted and actual by decile of the prediction, in the holdout
kind: fact
grain: document of lifetime value, day of the fit, what predicted, what was predicted, and decile
columns:
  date_key: date
  definition: text
  fit_id: text
  predictor: text
  role: text
  target: text
  decile: integer
  customers: bigint
  predicted: double precision
  actual: double precision
  lift: double precision
  gain: double precision
primary_key: [definition, date_key, predictor, target, decile]
references:
  date_key: adwh_dim_date
comments:
  role: candidate, alternative (a model that predicted worse than the candidate), in use, baseline or perfect
  target: spend or purchases, in the holdout
  decile: Of the prediction; 1 was predicted to bring most
  predicted: Mean of a customer
  actual: Mean of a customer
  lift: The actual mean over that of all customers
  gain: The share of the whole that this decile and the better ones brought
*/
WITH measures AS (
    SELECT definition, as_of, fit_id, model, unnest(deciles) AS measure
    FROM (
        SELECT definition, as_of, fit_id, model, deciles
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
        WHEN measure.predictor = 'perfect' THEN 'perfect'
        WHEN measure.predictor IN ('last_year', 'rfm_regression') THEN 'baseline'
        ELSE 'alternative'
    END AS role,
    measure.target,
    measure.decile,
    measure.customers,
    measure.predicted,
    measure.actual,
    measure.lift,
    measure.gain
FROM measures
JOIN model_names ON measure.predictor = model_names.key
