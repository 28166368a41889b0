/*
number: 1
title: Profile count
about: >
  All profiles of the latest complete day.
parameters: [merge_policy, day]
*/
WITH latest AS (
    SELECT merge_policy_id, max(date_key) AS date_key
    FROM complete_days
    WHERE date_key <= $day AND (merge_policy = $merge_policy OR ($merge_policy = '' AND is_default_merge_policy))
    GROUP BY merge_policy_id
)
SELECT date_key, sum(count_of_profiles) AS profiles
FROM adwh_fact_profile
JOIN latest USING (merge_policy_id, date_key)
GROUP BY date_key
