/*
title: How fragments become profiles
kind: dimension
grain: merge policy, a document in include/profiles
columns:
  merge_policy_id: integer
  merge_policy_name: text
  merge_policy: text
  dataset_id: text
  is_default_merge_policy: boolean
primary_key: [merge_policy_id]
comments:
  dataset_id: The lake's table of its profiles
  is_default_merge_policy: The one by which audiences are evaluated
*/
SELECT
    surrogate(name) AS merge_policy_id,
    title AS merge_policy_name,
    name AS merge_policy,
    'profiles/' || CASE WHEN is_default THEN 'snapshot' ELSE name END AS dataset_id,
    is_default AS is_default_merge_policy
FROM profile_definitions
