/*
title: Sales per day and department
kind: fact
grain: day (UTC) and department
source: events/transactions
columns:
  date_key: date
  department: text
  spend: numeric(18,2)
  lines: bigint
  baskets: bigint
  households: bigint
primary_key: [date_key, department]
references:
  date_key: adwh_dim_date
*/
SELECT
    event_date AS date_key,
    coalesce(department, 'UNKNOWN') AS department,
    sum(sales_value) AS spend,
    count(*) AS lines,
    count(DISTINCT basket_id) AS baskets,
    count(DISTINCT household_id) AS households
FROM transactions
LEFT JOIN products USING (product_id)
WHERE event_date IN (FROM refreshed)
GROUP BY ALL
