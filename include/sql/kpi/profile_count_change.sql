/*
number: 4
title: Profile count change
about: >
  Profiles of the latest complete day, less those of `from_day`; where that day is absent, less those of the
  earliest day after it.
parameters: [merge_policy, from_day, day]
*/
WITH latest AS (
    SELECT merge_policy_id, max(date_key) AS date_key
    FROM complete_days
    WHERE date_key <= $day AND (merge_policy = $merge_policy OR ($merge_policy = '' AND is_default_merge_policy))
    GROUP BY merge_policy_id
),
daily AS (
    SELECT fact.date_key, sum(count_of_profiles) AS profiles
    FROM adwh_fact_profile_by_trendlines AS fact
    JOIN latest USING (merge_policy_id)
    WHERE fact.date_key BETWEEN $from_day AND latest.date_key
    GROUP BY fact.date_key
)
SELECT
    now.date_key,
    now.profiles,
    before.date_key AS since,
    before.profiles AS before,
    now.profiles - before.profiles AS change
FROM (SELECT * FROM daily ORDER BY date_key DESC LIMIT 1) AS now
CROSS JOIN (SELECT * FROM daily ORDER BY date_key LIMIT 1) AS before
