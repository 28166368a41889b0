/*
number: 15
title: Audience size change trend
about: >
  By how many members each day of the window differs from the day before that is there. The first day of all has
  none to differ from, and no row.
parameters: [merge_policy, from_day, day, audience]
*/
WITH latest AS (
    SELECT merge_policy_id, max(date_key) AS date_key
    FROM complete_days
    WHERE date_key <= $day AND (merge_policy = $merge_policy OR ($merge_policy = '' AND is_default_merge_policy))
    GROUP BY merge_policy_id
),
daily AS (
    SELECT fact.date_key, sum(count_of_profiles) AS profiles
    FROM adwh_fact_profile_by_segment_trendlines AS fact
    JOIN latest USING (merge_policy_id)
    JOIN adwh_dim_segments USING (segment_id)
    WHERE segment = $audience AND fact.date_key BETWEEN $from_day::date - 1 AND latest.date_key
    GROUP BY fact.date_key
)
SELECT date_key, change
FROM (SELECT date_key, profiles - lag(profiles) OVER (ORDER BY date_key) AS change FROM daily) AS changes
WHERE change IS NOT NULL
ORDER BY date_key
