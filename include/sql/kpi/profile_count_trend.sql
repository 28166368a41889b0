/*
number: 5
title: Profile count trend
about: >
  Profiles on each day of the window.
parameters: [merge_policy, from_day, day]
*/
WITH latest AS (
    SELECT merge_policy_id, max(date_key) AS date_key
    FROM complete_days
    WHERE date_key <= $day AND (merge_policy = $merge_policy OR ($merge_policy = '' AND is_default_merge_policy))
    GROUP BY merge_policy_id
)
SELECT fact.date_key, sum(count_of_profiles) AS profiles
FROM adwh_fact_profile_by_trendlines AS fact
JOIN latest USING (merge_policy_id)
WHERE fact.date_key BETWEEN $from_day AND latest.date_key
GROUP BY fact.date_key
ORDER BY fact.date_key
