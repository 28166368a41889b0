/*
title: Audience sizes per day, by the combination of their members' namespaces
kind: fact
grain: day, merge policy (the default one), audience and combination of namespaces; every member has one
source: [audiences/membership, profiles/snapshot]
columns:
  date_key: date
  merge_policy_id: integer
  segment_id: integer
  overlap_id: integer
  count_of_profiles: bigint
primary_key: [date_key, merge_policy_id, segment_id, overlap_id]
references:
  date_key: adwh_dim_date
  merge_policy_id: adwh_dim_merge_policies
  segment_id: [adwh_dim_segments, adwh_dim_br_segment_destinations]
  overlap_id, merge_policy_id: adwh_dim_overlap_namespaces
*/
WITH members AS (
    SELECT as_of, audience, person_id
    FROM membership
    WHERE status <> 'exited' AND as_of IN (FROM refreshed_as_of)
),
people AS (
    SELECT as_of, merge_policy, person_id, array_to_string(namespaces, ' + ') AS combination
    FROM people_by_policy
    WHERE is_default AND as_of IN (FROM refreshed_as_of)
),
counted AS (
    SELECT as_of, merge_policy, audience, combination, count(*) AS profiles
    FROM members
    JOIN people USING (as_of, person_id)
    GROUP BY ALL
)
SELECT
    as_of - 1 AS date_key,
    surrogate(merge_policy) AS merge_policy_id,
    surrogate(audience) AS segment_id,
    surrogate(combination) AS overlap_id,
    profiles AS count_of_profiles
FROM counted
