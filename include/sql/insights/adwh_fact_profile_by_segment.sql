/*
title: Audience sizes per day, and who came and left
kind: fact
grain: day, merge policy (the default one, by which audiences are evaluated) and audience
source: [audiences/membership, audiences/evaluations, profiles/snapshot]
columns:
  date_key: date
  merge_policy_id: integer
  segment_id: integer
  count_of_profiles: bigint
  count_of_calculated_realized_profiles: bigint
  count_of_existing_profiles: bigint
  count_of_exited_profiles: bigint
  count_of_identities: bigint
  count_of_single_identity_profiles: bigint
primary_key: [date_key, merge_policy_id, segment_id]
indexes:
  - [segment_id, merge_policy_id, date_key, count_of_profiles]
references:
  date_key: adwh_dim_date
  merge_policy_id: adwh_dim_merge_policies
  segment_id: [adwh_dim_segments, adwh_dim_br_segment_destinations]
comments:
  count_of_profiles: Realized and existing
  count_of_calculated_realized_profiles: Came in since the audience was evaluated before
  count_of_existing_profiles: Were in before and stayed
  count_of_exited_profiles: Were in before and left
  count_of_identities: Of those who are in
  count_of_single_identity_profiles: Of those who are in, known by identities of one namespace alone
*/
-- An audience that nobody is in has a row too; on a day on which it could not be evaluated, it has none.
WITH evaluated AS (
    SELECT as_of, audience FROM evaluations WHERE size IS NOT NULL AND as_of IN (FROM refreshed_as_of)
    UNION
    SELECT as_of, audience FROM membership WHERE as_of IN (FROM refreshed_as_of)
),
moved AS (
    SELECT as_of, audience, person_id, status FROM membership WHERE as_of IN (FROM refreshed_as_of)
),
people AS (
    SELECT as_of, person_id, namespaces, count_of_identities
    FROM people_by_policy
    WHERE is_default AND as_of IN (FROM refreshed_as_of)
)
SELECT
    as_of - 1 AS date_key,
    (SELECT surrogate(name) FROM profile_definitions WHERE is_default) AS merge_policy_id,
    surrogate(audience) AS segment_id,
    count(*) FILTER (status <> 'exited') AS count_of_profiles,
    count(*) FILTER (status = 'entered') AS count_of_calculated_realized_profiles,
    count(*) FILTER (status = 'kept') AS count_of_existing_profiles,
    count(*) FILTER (status = 'exited') AS count_of_exited_profiles,
    coalesce(sum(count_of_identities) FILTER (status <> 'exited'), 0) AS count_of_identities,
    count(*) FILTER (status <> 'exited' AND len(namespaces) = 1) AS count_of_single_identity_profiles
FROM evaluated
LEFT JOIN moved USING (as_of, audience)
LEFT JOIN people USING (as_of, person_id)
GROUP BY as_of, audience
