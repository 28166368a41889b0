/*
title: Parameters of the models of lifetime value
kind: fact
grain: document of lifetime value, day of the fit, model, what it was fitted on, and parameter
columns:
  date_key: date
  definition: text
  fit_id: text
  model: text
  fitted_on: text
  parameter: text
  value: double precision
  standard_error: double precision
primary_key: [definition, date_key, model, fitted_on, parameter]
references:
  date_key: adwh_dim_date
comments:
  fitted_on: calibration (before the holdout) or all purchases
  value: The unit of time is the document's unit_days, that of money the amounts'
*/
WITH fits AS (
    SELECT definition, as_of, fit_id, unnest(fits, max_depth := 2)
    FROM (
        SELECT definition, as_of, fit_id, fits
        FROM lifetime_models
        QUALIFY revision = max(revision) OVER (PARTITION BY definition, as_of)
    )
),
parts AS (
    SELECT definition, as_of, fit_id, model, fitted_on, unnest(parameters) AS part
    FROM fits
)
SELECT
    as_of - 1 AS date_key,
    definition,
    fit_id,
    model_names.name AS model,
    fitted_on,
    part.name AS parameter,
    part.value,
    part.standard_error
FROM parts
JOIN model_names ON parts.model = model_names.key
