/*
title: Customers who changed their RFM segment
kind: fact
grain: day, segment of the day before and segment of the day; nobody who stayed
source: rfm/rfm
# A day also gives its successor another day before.
refreshed: SELECT key - 1 FROM changed UNION SELECT key FROM changed
columns:
  date_key: date
  from_segment: text
  to_segment: text
  count_of_profiles: bigint
primary_key: [date_key, from_segment, to_segment]
references:
  date_key: adwh_dim_date
comments:
  from_segment: The segment at the end of the day before; empty for who had none, such as new customers
  to_segment: The segment at the end of the day; empty for who has none any more
*/
WITH today AS (
    SELECT as_of - 1 AS date_key, person_id, segment FROM rfm WHERE as_of - 1 IN (FROM refreshed)
),
yesterday AS (
    SELECT as_of AS date_key, person_id, segment FROM rfm WHERE as_of IN (FROM refreshed)
)
SELECT
    date_key,
    coalesce(yesterday.segment, '') AS from_segment,
    coalesce(today.segment, '') AS to_segment,
    count(*) AS count_of_profiles
FROM today
FULL JOIN yesterday USING (date_key, person_id)
WHERE coalesce(today.segment, '') <> coalesce(yesterday.segment, '')
    -- Of a day that was not computed, or before which none was, nobody can be said to have moved.
    AND date_key IN (SELECT date_key FROM today)
    AND date_key IN (SELECT date_key FROM yesterday)
GROUP BY ALL
