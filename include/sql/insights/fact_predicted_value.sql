/*
title: Predicted value by decile
kind: fact
grain: day and decile of predicted value
source: lifetime/lifetime
columns:
  date_key: date
  decile: integer
  count_of_profiles: bigint
  predicted_value: numeric(18,2)
  predicted_value_min: numeric(18,2)
  predicted_value_max: numeric(18,2)
  predicted_spend: numeric(18,2)
  expected_purchases: numeric(18,2)
  p_alive_mean: double precision
  spend_last_year: numeric(18,2)
primary_key: [date_key, decile]
references:
  date_key: adwh_dim_date
comments:
  decile: Of predicted value; 1 is expected to be worth most
  predicted_value: Discounted purchases within the horizon × spend to expect of each × margin, in total
  predicted_spend: Expected purchases within the horizon × spend to expect of each, not discounted, in total
  expected_purchases: Within the horizon, in total
  p_alive_mean: Mean probability that a customer may buy again
  spend_last_year: What these customers spent in the twelve months before the end of the day
*/
SELECT
    as_of - 1 AS date_key,
    predicted_value_decile AS decile,
    count(*) AS count_of_profiles,
    sum(predicted_value) AS predicted_value,
    min(predicted_value) AS predicted_value_min,
    max(predicted_value) AS predicted_value_max,
    sum(predicted_spend) AS predicted_spend,
    sum(expected_purchases) AS expected_purchases,
    avg(p_alive) AS p_alive_mean,
    sum(spend_last_year) AS spend_last_year
FROM lifetime
WHERE as_of IN (FROM refreshed_as_of)
GROUP BY ALL
