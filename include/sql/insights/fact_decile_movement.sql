/*
title: Customers who moved from one decile to another since the start of the month
kind: fact
grain: day, metric, lookback, decile then and decile now
source: value_movement/customer_value
columns:
  date_key: date
  since: date
  metric: text
  lookback: text
  from_decile: integer
  to_decile: integer
  count_of_profiles: bigint
primary_key: [date_key, metric, lookback, from_decile, to_decile]
references:
  date_key: adwh_dim_date
*/
-- Decile 0 is no rank: who had bought nothing in the window then, or has bought nothing in it now.
SELECT
    as_of - 1 AS date_key,
    since - 1 AS since,
    metric,
    lookback,
    coalesce(from_decile, 0) AS from_decile,
    coalesce(to_decile, 0) AS to_decile,
    customers AS count_of_profiles
FROM customer_value_movement
WHERE as_of IN (FROM refreshed_as_of)
