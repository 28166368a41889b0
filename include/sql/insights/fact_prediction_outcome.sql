/*
title: What was predicted, and what came
kind: fact
grain: day, day of the prediction and decile of predicted value
source: lifetime_actuals/lifetime
columns:
  date_key: date
  predicted_on: date
  decile: integer
  days: integer
  count_of_profiles: bigint
  predicted_purchases: numeric(18,2)
  actual_purchases: bigint
  predicted_spend: numeric(18,2)
  actual_spend: numeric(18,2)
primary_key: [date_key, predicted_on, decile]
references:
  date_key: adwh_dim_date
comments:
  predicted_on: The day at whose end the prediction was made
  decile: Of predicted value, as it was predicted
  days: From the prediction to the day of the comparison; at most the horizon
  predicted_purchases: For these days, in total
  predicted_spend: For these days, in total; neither discounted nor reduced to the margin
*/
SELECT
    as_of - 1 AS date_key,
    scored_as_of - 1 AS predicted_on,
    decile,
    days,
    customers AS count_of_profiles,
    predicted_purchases,
    actual_purchases,
    predicted_spend,
    actual_spend
FROM lifetime_actuals
WHERE as_of IN (FROM refreshed_as_of)
