/*
number: 17
title: Profiles of an audience by identity
about: >
  Members of an audience on the latest complete day who have an identity of each namespace.
parameters: [merge_policy, day, audience]
*/
WITH latest AS (
    SELECT merge_policy_id, max(date_key) AS date_key
    FROM complete_days
    WHERE date_key <= $day AND (merge_policy = $merge_policy OR ($merge_policy = '' AND is_default_merge_policy))
    GROUP BY merge_policy_id
)
SELECT namespace_description AS namespace, sum(count_of_profiles) AS profiles
FROM adwh_fact_profile_by_segment_and_namespace
JOIN latest USING (merge_policy_id, date_key)
JOIN adwh_dim_segments USING (segment_id)
JOIN adwh_dim_namespaces USING (namespace_id, merge_policy_id)
WHERE segment = $audience
GROUP BY namespace_description
ORDER BY profiles DESC, namespace
