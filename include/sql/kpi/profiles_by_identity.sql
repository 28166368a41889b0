/*
number: 8
title: Profiles by identity
about: >
  Profiles of the latest complete day that have an identity of each namespace. They add up to more than all
  profiles, since many have several.
parameters: [merge_policy, day]
*/
WITH latest AS (
    SELECT merge_policy_id, max(date_key) AS date_key
    FROM complete_days
    WHERE date_key <= $day AND (merge_policy = $merge_policy OR ($merge_policy = '' AND is_default_merge_policy))
    GROUP BY merge_policy_id
)
SELECT namespace_description AS namespace, sum(count_of_profiles) AS profiles
FROM adwh_fact_profile_by_namespace
JOIN latest USING (merge_policy_id, date_key)
JOIN adwh_dim_namespaces USING (namespace_id, merge_policy_id)
GROUP BY namespace_description
ORDER BY profiles DESC, namespace
