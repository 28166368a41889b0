/*
title: Audience sizes per day, by the namespaces of their members' identities
kind: fact
grain: day, merge policy (the default one), audience and namespace; a member with two namespaces counts under both
source: [audiences/membership, profiles/snapshot]
columns:
  date_key: date
  merge_policy_id: integer
  segment_id: integer
  namespace_id: integer
  count_of_profiles: bigint
  count_of_single_identity_profiles: bigint
primary_key: [date_key, merge_policy_id, segment_id, namespace_id]
indexes:
  - [segment_id, namespace_id, merge_policy_id, date_key, count_of_profiles]
references:
  date_key: adwh_dim_date
  merge_policy_id: adwh_dim_merge_policies
  segment_id: [adwh_dim_segments, adwh_dim_br_segment_destinations]
  namespace_id, merge_policy_id: adwh_dim_namespaces
comments:
  count_of_single_identity_profiles: Known by identities of this namespace alone
*/
WITH members AS (
    SELECT as_of, audience, person_id
    FROM membership
    WHERE status <> 'exited' AND as_of IN (FROM refreshed_as_of)
),
people AS (
    SELECT as_of, merge_policy, person_id, namespaces, array_to_string(namespaces, ' + ') AS combination
    FROM people_by_policy
    WHERE is_default AND as_of IN (FROM refreshed_as_of)
),
counted AS (
    SELECT as_of, merge_policy, audience, any_value(namespaces) AS namespaces, count(*) AS profiles
    FROM members
    JOIN people USING (as_of, person_id)
    GROUP BY as_of, merge_policy, audience, combination
),
named AS (
    SELECT *, unnest(namespaces) AS namespace
    FROM counted
)
SELECT
    as_of - 1 AS date_key,
    surrogate(merge_policy) AS merge_policy_id,
    surrogate(audience) AS segment_id,
    surrogate(namespace) AS namespace_id,
    sum(profiles) AS count_of_profiles,
    coalesce(sum(profiles) FILTER (len(namespaces) = 1), 0) AS count_of_single_identity_profiles
FROM named
GROUP BY ALL
