/*
title: Profiles by namespace over time
kind: fact
stored: view
grain: day, merge policy and namespace
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
*/
-- A trend reads what the facts of the same grain hold: nothing is stored twice.
SELECT date_key, merge_policy_id, namespace_id, count_of_profiles, count_of_single_identity_profiles
FROM adwh_fact_profile_by_namespace
