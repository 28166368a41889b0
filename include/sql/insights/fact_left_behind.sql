/*
title: People who left a product behind, and what it costs
kind: fact
grain: day and department of the product
source: left_behind/abandoned_browse
columns:
  date_key: date
  department: text
  people: bigint
  products: bigint
  value: numeric(18,2)
  dearest: numeric(18,2)
primary_key: [date_key, department]
references:
  date_key: adwh_dim_date
comments:
  people: Each counts once, with the dearest product that they looked at and did not buy
  value: What these products cost, one of each for each of them
*/
SELECT
    as_of - 1 AS date_key,
    coalesce(department, 'UNKNOWN') AS department,
    count(*) AS people,
    count(DISTINCT product) AS products,
    sum(price) AS value,
    max(price) AS dearest
FROM abandoned_browse
LEFT JOIN products ON product = product_id
WHERE as_of IN (FROM refreshed_as_of)
GROUP BY ALL
