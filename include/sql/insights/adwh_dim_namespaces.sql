/*
title: By which names people are known
kind: dimension
grain: namespace, a document in include/namespaces, and merge policy
columns:
  namespace_id: integer
  merge_policy_id: integer
  namespace: text
  namespace_description: text
  namespace_type: text
primary_key: [namespace_id, merge_policy_id]
references:
  merge_policy_id: adwh_dim_merge_policies
*/
SELECT
    surrogate(namespace_definitions.name) AS namespace_id,
    surrogate(profile_definitions.name) AS merge_policy_id,
    namespace_definitions.name AS namespace,
    namespace_definitions.title AS namespace_description,
    namespace_definitions.type AS namespace_type
FROM namespace_definitions
CROSS JOIN profile_definitions
