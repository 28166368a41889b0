/*
title: Audience sizes per day, and who came and left
kind: fact
grain: day, merge policy and audience
source: audiences/membership
columns:
  date_key: date
  merge_policy_id: integer
  segment_id: integer
  count_of_profiles: bigint
  count_of_calculated_realized_profiles: bigint
  count_of_existing_profiles: bigint
  count_of_exited_profiles: bigint
primary_key: [date_key, merge_policy_id, segment_id]
references:
  date_key: adwh_dim_date
  merge_policy_id: adwh_dim_merge_policies
  segment_id: adwh_dim_segments
*/
-- Realized: came in on the day. Existing: was in before and stayed. Exited: was in before and left.
SELECT
    as_of - 1 AS date_key,
    (SELECT surrogate(name) FROM profile_definitions) AS merge_policy_id,
    surrogate(audience) AS segment_id,
    count(*) FILTER (status <> 'exited') AS count_of_profiles,
    count(*) FILTER (status = 'entered') AS count_of_calculated_realized_profiles,
    count(*) FILTER (status = 'kept') AS count_of_existing_profiles,
    count(*) FILTER (status = 'exited') AS count_of_exited_profiles
FROM membership
WHERE as_of - 1 IN (FROM refreshed)
GROUP BY as_of, audience
