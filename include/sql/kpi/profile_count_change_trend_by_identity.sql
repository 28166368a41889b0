/*
number: 7
title: Profile count change trend by identity
about: >
  The same for each namespace by itself.
parameters: [merge_policy, from_day, day]
*/
WITH latest AS (
    SELECT merge_policy_id, max(date_key) AS date_key
    FROM complete_days
    WHERE date_key <= $day AND (merge_policy = $merge_policy OR ($merge_policy = '' AND is_default_merge_policy))
    GROUP BY merge_policy_id
),
daily AS (
    SELECT fact.date_key, namespace_description AS namespace, sum(count_of_profiles) AS profiles
    FROM adwh_fact_profile_by_namespace_trendlines AS fact
    JOIN latest USING (merge_policy_id)
    JOIN adwh_dim_namespaces USING (namespace_id, merge_policy_id)
    WHERE fact.date_key BETWEEN $from_day::date - 1 AND latest.date_key
    GROUP BY fact.date_key, namespace_description
)
SELECT date_key, namespace, change
FROM (
    SELECT date_key, namespace, profiles - lag(profiles) OVER (PARTITION BY namespace ORDER BY date_key) AS change
    FROM daily
) AS changes
WHERE change IS NOT NULL
ORDER BY date_key, namespace
