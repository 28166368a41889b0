/*
title: Fits of lifetime value, and whether they were promoted
kind: fact
grain: document of lifetime value and day of the fit
columns:
  date_key: date
  definition: text
  fit_id: text
  status: text
  reason: text
  model: text
  calibration_end: date
  holdout_end: date
  customers: bigint
  log_likelihood: double precision
  spend_log_likelihood: double precision
  not_fitted: text
  compared_with: text
primary_key: [definition, date_key]
references:
  date_key: adwh_dim_date
comments:
  date_key: The day up to whose end purchases were used
  status: promoted, rejected (worse than the model in use) or failed (nothing could be fitted)
  model: Of purchases; Gamma-Gamma predicts the spend
  calibration_end: Models that were validated saw what came before this day
  holdout_end: And predicted what came until this day
  customers: Those whom the parameters were fitted on
  log_likelihood: Of the model of purchases, on all purchases if it was promoted, else on the calibration
  spend_log_likelihood: Of the model of spend, likewise
  not_fitted: Models that have no maximum on these purchases, and why
  compared_with: The fit that was in use
*/
WITH fits AS (
    SELECT *
    FROM lifetime_models
    QUALIFY revision = max(revision) OVER (PARTITION BY definition, as_of)
),
tried AS (
    SELECT definition, as_of, unnest(fits, max_depth := 2)
    FROM (SELECT definition, as_of, fits FROM fits)
),
named AS (
    SELECT tried.*, model_names.name
    FROM tried
    JOIN model_names ON tried.model = model_names.key
)
SELECT
    fits.as_of - 1 AS date_key,
    fits.definition,
    fits.fit_id,
    fits.status,
    fits.reason,
    any_value(model_names.name) AS model,
    fits.calibration_end,
    fits.holdout_end,
    arg_max(named.customers, named.fitted_on = 'all') FILTER (named.model = fits.model) AS customers,
    arg_max(named.log_likelihood, named.fitted_on = 'all') FILTER (named.model = fits.model) AS log_likelihood,
    arg_max(named.log_likelihood, named.fitted_on = 'all') FILTER (named.model = 'gammagamma')
        AS spend_log_likelihood,
    string_agg(named.name || ': ' || named.error, '; ' ORDER BY named.name) FILTER (named.error IS NOT NULL)
        AS not_fitted,
    fits.compared_with
FROM fits
LEFT JOIN named ON named.definition = fits.definition AND named.as_of = fits.as_of
LEFT JOIN model_names ON fits.model = model_names.key
GROUP BY ALL
