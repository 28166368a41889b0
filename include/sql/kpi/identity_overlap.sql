/*
number: 10
title: Identity overlap
about: >
  Profiles of the latest complete day with an identity of one namespace, of another one, and of both: those whose
  combination of namespaces has the two.
parameters: [merge_policy, day, namespace, other_namespace]
*/
WITH latest AS (
    SELECT merge_policy_id, max(date_key) AS date_key
    FROM complete_days
    WHERE date_key <= $day AND (merge_policy = $merge_policy OR ($merge_policy = '' AND is_default_merge_policy))
    GROUP BY merge_policy_id
),
both_there AS (
    SELECT overlap_id, merge_policy_id
    FROM adwh_dim_overlap_namespaces
    WHERE overlap_namespaces IN ($namespace, $other_namespace)
    GROUP BY overlap_id, merge_policy_id
    HAVING bool_or(overlap_namespaces = $namespace) AND bool_or(overlap_namespaces = $other_namespace)
)
SELECT
    coalesce((
        SELECT sum(count_of_profiles)
        FROM adwh_fact_profile_by_namespace
        JOIN latest USING (merge_policy_id, date_key)
        JOIN adwh_dim_namespaces USING (namespace_id, merge_policy_id)
        WHERE namespace = $namespace
    ), 0) AS profiles,
    coalesce((
        SELECT sum(count_of_profiles)
        FROM adwh_fact_profile_by_namespace
        JOIN latest USING (merge_policy_id, date_key)
        JOIN adwh_dim_namespaces USING (namespace_id, merge_policy_id)
        WHERE namespace = $other_namespace
    ), 0) AS other_profiles,
    coalesce((
        SELECT sum(count_of_profiles)
        FROM adwh_fact_profile_overlap_of_namespace
        JOIN latest USING (merge_policy_id, date_key)
        JOIN both_there USING (overlap_id, merge_policy_id)
    ), 0) AS overlap
