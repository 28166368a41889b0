/*
title: Calendar
kind: dimension
columns:
  date_key: date
  year: integer
  quarter: integer
  month: integer
  month_name: text
  iso_week: integer
  day_of_week: integer
  day_name: text
  is_weekend: boolean
primary_key: [date_key]
*/
-- Every day from the first of the first month with an event to the end of the next year.
WITH span AS (
    SELECT date_trunc('month', min(event_date)) AS first, make_date(year(max(event_date)) + 1, 12, 31) AS last
    FROM transactions
)
SELECT
    day::DATE AS date_key,
    year(day) AS year,
    quarter(day) AS quarter,
    month(day) AS month,
    monthname(day) AS month_name,
    weekofyear(day) AS iso_week,
    isodow(day) AS day_of_week,
    dayname(day) AS day_name,
    isodow(day) >= 6 AS is_weekend
FROM (SELECT unnest(generate_series(first, last, INTERVAL 1 DAY)) AS day FROM span)
