/*
title: Which namespaces profiles have together
kind: dimension
grain: combination of namespaces, merge policy and namespace of the combination
source: profiles/*
update: keys    # a combination that nobody has any more is still that of earlier days
columns:
  overlap_id: integer
  merge_policy_id: integer
  overlap_namespaces: text
  overlap_name: text
primary_key: [overlap_id, merge_policy_id, overlap_namespaces]
references:
  merge_policy_id: adwh_dim_merge_policies
comments:
  overlap_namespaces: One namespace of the combination; each has a row
  overlap_name: The whole combination
*/
SELECT DISTINCT
    surrogate(array_to_string(namespaces, ' + ')) AS overlap_id,
    surrogate(merge_policy) AS merge_policy_id,
    unnest(namespaces) AS overlap_namespaces,
    array_to_string(namespaces, ' + ') AS overlap_name
FROM people_by_policy
WHERE as_of IN (FROM refreshed_as_of)
