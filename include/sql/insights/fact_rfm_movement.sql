/*
title: RFM segments of customers, now and four weeks before
kind: fact
grain: day, segment four weeks before and segment of the day
source: rfm/rfm
# A day is also what another one, four weeks later, is compared with.
refreshed: SELECT key - 1 FROM changed UNION SELECT key + 27 FROM changed
columns:
  date_key: date
  since: date
  from_segment: text
  to_segment: text
  count_of_profiles: bigint
primary_key: [date_key, from_segment, to_segment]
references:
  date_key: adwh_dim_date
  from_segment: dim_rfm_segment (segment)
  to_segment: dim_rfm_segment (segment)
comments:
  since: The day that is compared with, four weeks before
  from_segment: The segment then; empty for who had none, such as new customers
  to_segment: The segment at the end of the day; empty for who has none any more
*/
WITH now AS (
    SELECT as_of - 1 AS date_key, person_id, segment FROM rfm WHERE as_of IN (FROM refreshed_as_of)
),
earlier AS (
    SELECT as_of + 27 AS date_key, person_id, segment FROM rfm WHERE as_of + 27 IN (FROM refreshed)
)
SELECT
    date_key,
    date_key - 28 AS since,
    coalesce(earlier.segment, '') AS from_segment,
    coalesce(now.segment, '') AS to_segment,
    count(*) AS count_of_profiles
FROM now
FULL JOIN earlier USING (date_key, person_id)
-- Of a day that was not computed, or whose earlier one was not, nobody can be said to have moved.
WHERE date_key IN (SELECT date_key FROM now) AND date_key IN (SELECT date_key FROM earlier)
GROUP BY ALL
