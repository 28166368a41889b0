/*
number: 7
title: Profile count change trend by identity
about: >
  By how many profiles of each namespace a day of the window differs from the day before that is there.
parameters: [merge_policy, from_day, day]
*/
WITH latest AS (
    SELECT merge_policy_id, max(date_key) AS date_key
    FROM complete_days
    WHERE date_key <= $day AND (merge_policy = $merge_policy OR ($merge_policy = '' AND is_default_merge_policy))
    GROUP BY merge_policy_id
),
changes AS (
    SELECT
        fact.date_key,
        merge_policy_id,
        namespace_id,
        count_of_profiles - lag(count_of_profiles) OVER (PARTITION BY namespace_id ORDER BY fact.date_key) AS change
    FROM adwh_fact_profile_by_namespace_trendlines AS fact
    JOIN latest USING (merge_policy_id)
    -- One day more, so that the first day of the window has one to differ from.
    WHERE fact.date_key BETWEEN $from_day::date - 1 AND latest.date_key
)
SELECT date_key, namespace_description AS namespace, change
FROM changes
JOIN adwh_dim_namespaces USING (namespace_id, merge_policy_id)
WHERE change IS NOT NULL
ORDER BY date_key, namespace
