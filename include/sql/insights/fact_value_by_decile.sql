/*
title: Customers and their values by decile
kind: fact
grain: day, metric, lookback, dimension value and decile
source: value_by_decile/customer_value
columns:
  date_key: date
  metric: text
  lookback: text
  dimension: text
  dimension_value: text
  decile: integer
  count_of_profiles: bigint
  metric_sum: numeric(18,2)
  metric_min: numeric(18,2)
  metric_max: numeric(18,2)
primary_key: [date_key, metric, lookback, dimension, dimension_value, decile]
references:
  date_key: adwh_dim_date
*/
-- As of a midnight is what was known at the end of the day before.
SELECT
    as_of - 1 AS date_key,
    metric,
    lookback,
    dimension,
    dimension_value,
    decile,
    customers AS count_of_profiles,
    total AS metric_sum,
    least AS metric_min,
    most AS metric_max
FROM customer_value_by_decile
WHERE as_of IN (FROM refreshed_as_of)
