/*
title: Profiles per day, by the combination of their namespaces
kind: fact
grain: day, merge policy and combination of namespaces; every profile has one
source: profiles/*
columns:
  date_key: date
  merge_policy_id: integer
  overlap_id: integer
  count_of_profiles: bigint
primary_key: [date_key, merge_policy_id, overlap_id]
references:
  date_key: adwh_dim_date
  merge_policy_id: adwh_dim_merge_policies
  overlap_id, merge_policy_id: adwh_dim_overlap_namespaces
*/
SELECT
    as_of - 1 AS date_key,
    surrogate(merge_policy) AS merge_policy_id,
    surrogate(array_to_string(namespaces, ' + ')) AS overlap_id,
    count(*) AS count_of_profiles
FROM people_by_policy
WHERE as_of IN (FROM refreshed_as_of)
GROUP BY ALL
