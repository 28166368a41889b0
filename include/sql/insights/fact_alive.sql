/*
title: Customers by the probability that they may buy again
kind: fact
grain: day and tenth of the probability
source: lifetime/lifetime
columns:
  date_key: date
  tenth: integer
  tenth_name: text
  count_of_profiles: bigint
  predicted_value: numeric(18,2)
  spend_last_year: numeric(18,2)
primary_key: [date_key, tenth]
references:
  date_key: adwh_dim_date
comments:
  tenth: 1 is a probability of up to 10 %, 10 one of more than 90 %
  predicted_value: Of these customers, in total
  spend_last_year: What these customers spent in the twelve months before the end of the day
*/
-- Every tenth has a row, so that a chart has no gaps.
WITH counted AS (
    SELECT
        as_of - 1 AS date_key,
        greatest(1, ceil(p_alive * 10))::INTEGER AS tenth,
        count(*) AS count_of_profiles,
        sum(predicted_value) AS predicted_value,
        sum(spend_last_year) AS spend_last_year
    FROM lifetime
    WHERE as_of IN (FROM refreshed_as_of)
    GROUP BY ALL
)
SELECT
    date_key,
    tenth,
    format('{}–{} %', (tenth - 1) * 10, tenth * 10) AS tenth_name,
    coalesce(count_of_profiles, 0) AS count_of_profiles,
    coalesce(predicted_value, 0) AS predicted_value,
    coalesce(spend_last_year, 0) AS spend_last_year
FROM (SELECT DISTINCT date_key FROM counted)
CROSS JOIN (SELECT unnest(range(1, 11))::INTEGER AS tenth)
LEFT JOIN counted USING (date_key, tenth)
