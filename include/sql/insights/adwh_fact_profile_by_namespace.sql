/*
title: Profiles per day, by the namespaces of their identities
kind: fact
grain: day, merge policy and namespace; a profile with two namespaces counts under both
source: profiles/*
columns:
  date_key: date
  merge_policy_id: integer
  namespace_id: integer
  count_of_profiles: bigint
  count_of_single_identity_profiles: bigint
primary_key: [date_key, merge_policy_id, namespace_id]
references:
  date_key: adwh_dim_date
  merge_policy_id: adwh_dim_merge_policies
  namespace_id, merge_policy_id: adwh_dim_namespaces
comments:
  count_of_single_identity_profiles: Known by identities of this namespace alone
*/
WITH named AS (
    SELECT as_of, merge_policy, namespaces, unnest(namespaces) AS namespace
    FROM people_by_policy
    WHERE as_of IN (FROM refreshed_as_of)
)
SELECT
    as_of - 1 AS date_key,
    surrogate(merge_policy) AS merge_policy_id,
    surrogate(namespace) AS namespace_id,
    count(*) AS count_of_profiles,
    count(*) FILTER (len(namespaces) = 1) AS count_of_single_identity_profiles
FROM named
GROUP BY ALL
