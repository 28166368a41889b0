/*
title: How fragments become profiles
kind: dimension
columns:
  merge_policy_id: integer
  merge_policy_name: text
  merge_policy: text
  dataset_id: text
  is_default_merge_policy: boolean
primary_key: [merge_policy_id]
*/
SELECT
    surrogate(name) AS merge_policy_id,
    title AS merge_policy_name,
    name AS merge_policy,
    'profiles/snapshot' AS dataset_id,
    true AS is_default_merge_policy
FROM profile_definitions
