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
-- Many people are in the same audiences: those of each such set are counted once, and then its pairs.
WITH members AS (
    SELECT as_of, list_sort(list(audience)) AS audiences
    FROM membership
    WHERE status <> 'exited' AND as_of IN (FROM refreshed_as_of)
    GROUP BY as_of, person_id
),
sets AS (
    SELECT row_number() OVER () AS number, as_of, audiences, count(*) AS people
    FROM members
    GROUP BY as_of, audiences
),
segments AS (
    SELECT number, as_of, people, surrogate(audience) AS segment_id
    FROM (SELECT number, as_of, people, unnest(audiences) AS audience FROM sets)
)
SELECT
    one.as_of - 1 AS date_key,
    (SELECT surrogate(name) FROM profile_definitions WHERE is_default) AS merge_policy_id,
    one.segment_id AS segment1,
    other.segment_id AS segment2,
    sum(one.people) AS count_of_overlap
FROM segments AS one
JOIN segments AS other ON one.number = other.number AND one.segment_id < other.segment_id
GROUP BY one.as_of, one.segment_id, other.segment_id
