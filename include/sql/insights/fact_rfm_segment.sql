/*
title: Customers and what they bought, by RFM segment and scores
kind: fact
grain: day, segment and the three scores that lead to it
source: rfm/rfm
columns:
  date_key: date
  segment: text
  recency: integer
  frequency: integer
  monetary: integer
  count_of_profiles: bigint
  revenue: numeric(18,2)
  orders: bigint
  sum_of_recency_days: bigint
  mean_recency_days: double precision
  mean_orders: double precision
primary_key: [date_key, segment, recency, frequency, monetary]
references:
  date_key: adwh_dim_date
  segment: dim_rfm_segment
comments:
  recency: Quartile of the days since the last order; 1 is the most recent
  frequency: Quartile of the number of orders; 1 is the most
  monetary: Quartile of revenue; 1 is the greatest
  revenue: Of all customers together, over the document's lookback
  sum_of_recency_days: Days since the last order, added up; divided by the customers it is their mean
*/
SELECT
    as_of - 1 AS date_key,
    segment,
    recency,
    frequency,
    monetary,
    count(*) AS count_of_profiles,
    sum(revenue) AS revenue,
    sum(orders) AS orders,
    sum(recency_days) AS sum_of_recency_days,
    avg(recency_days) AS mean_recency_days,
    avg(orders) AS mean_orders
FROM rfm
WHERE as_of IN (FROM refreshed_as_of)
GROUP BY ALL
