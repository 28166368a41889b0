/*
title: Customers and their sums by decile
kind: fact
grain: day, metric, lookback, dimension value and decile
source: value/customer_value
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
-- A column named <metric>_<lookback> holds a sum, and <metric>_<lookback>_decile the rank that it gives.
WITH wide AS (
    SELECT * FROM customer_value WHERE as_of - 1 IN (FROM refreshed)
),
ranks AS (
    UNPIVOT wide
    ON COLUMNS('_decile$')
    INTO NAME column_name VALUE decile
),
totals AS (
    SELECT as_of, person_id, dimension, dimension_value, COLUMNS('_(\d+m|lifetime)$')::DECIMAL(18, 2)
    FROM wide
),
sums AS (
    UNPIVOT totals
    ON COLUMNS('_(\d+m|lifetime)$')
    INTO NAME column_name VALUE total
)
SELECT
    ranks.as_of - 1 AS date_key,
    regexp_extract(sums.column_name, '^(.*)_([^_]+)$', 1) AS metric,
    regexp_extract(sums.column_name, '^(.*)_([^_]+)$', 2) AS lookback,
    ranks.dimension,
    ranks.dimension_value,
    ranks.decile,
    count(*) AS count_of_profiles,
    sum(sums.total) AS metric_sum,
    min(sums.total) AS metric_min,
    max(sums.total) AS metric_max
FROM ranks
JOIN sums
    ON ranks.column_name = sums.column_name || '_decile'
    AND ranks.as_of = sums.as_of
    AND ranks.person_id = sums.person_id
    AND ranks.dimension = sums.dimension
    AND ranks.dimension_value = sums.dimension_value
GROUP BY ALL
