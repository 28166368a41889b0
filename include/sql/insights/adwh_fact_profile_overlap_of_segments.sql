/*
title: Profiles per day that are in two audiences
kind: fact
grain: day, merge policy (the default one) and pair of audiences that have somebody in common
source: audiences/membership
columns:
  date_key: date
  merge_policy_id: integer
  segment1: integer
  segment2: integer
  count_of_overlap: bigint
primary_key: [date_key, merge_policy_id, segment1, segment2]
indexes:
  - [segment1, segment2, merge_policy_id, date_key]
references:
  date_key: adwh_dim_date
  merge_policy_id: adwh_dim_merge_policies
  segment1: adwh_dim_segments (segment_id)
  segment2: adwh_dim_segments (segment_id)
comments:
  segment1: Of the two, the one with the smaller id; ask for both orders
*/
WITH members AS (
    SELECT as_of, person_id, surrogate(audience) AS segment_id
    FROM membership
    WHERE status <> 'exited' AND as_of IN (FROM refreshed_as_of)
)
SELECT
    one.as_of - 1 AS date_key,
    (SELECT surrogate(name) FROM profile_definitions WHERE is_default) AS merge_policy_id,
    one.segment_id AS segment1,
    other.segment_id AS segment2,
    count(*) AS count_of_overlap
FROM members AS one
JOIN members AS other
    ON one.as_of = other.as_of AND one.person_id = other.person_id AND one.segment_id < other.segment_id
GROUP BY one.as_of, one.segment_id, other.segment_id
