/*
number: 20
title: Audience overlap report
about: >
  Pairs of audiences of the latest complete day that have members in common, by the part of all their members that
  these are (Jaccard): the 50 that overlap most and the 50 that overlap least. Where the two have no members, 100 %.
parameters: [merge_policy, day]
*/
WITH latest AS (
    SELECT merge_policy_id, max(date_key) AS date_key
    FROM complete_days
    WHERE date_key <= $day AND (merge_policy = $merge_policy OR ($merge_policy = '' AND is_default_merge_policy))
    GROUP BY merge_policy_id
),
sizes AS (
    SELECT merge_policy_id, segment_id, segment_name, count_of_profiles
    FROM adwh_fact_profile_by_segment
    JOIN latest USING (merge_policy_id, date_key)
    JOIN adwh_dim_segments USING (segment_id)
),
pairs AS (
    SELECT
        one.segment_name AS audience,
        other.segment_name AS other_audience,
        one.count_of_profiles AS profiles,
        other.count_of_profiles AS other_profiles,
        count_of_overlap AS overlap,
        one.count_of_profiles + other.count_of_profiles - count_of_overlap AS of_all
    FROM adwh_fact_profile_overlap_of_segments AS fact
    JOIN latest USING (merge_policy_id, date_key)
    JOIN sizes AS one ON one.merge_policy_id = fact.merge_policy_id AND one.segment_id = fact.segment1
    JOIN sizes AS other ON other.merge_policy_id = fact.merge_policy_id AND other.segment_id = fact.segment2
),
-- Worked out once, in floating point: there may be many pairs.
ranked AS MATERIALIZED (
    SELECT *, CASE WHEN of_all <= 0 THEN 100 ELSE 100 * overlap::float8 / of_all END AS jaccard
    FROM pairs
),
chosen AS (
    (SELECT * FROM ranked ORDER BY jaccard DESC, audience, other_audience LIMIT 50)
    UNION
    (SELECT * FROM ranked ORDER BY jaccard, audience DESC, other_audience DESC LIMIT 50)
),
placed AS (
    SELECT
        *,
        row_number() OVER (ORDER BY jaccard DESC, audience, other_audience) AS place,
        count(*) OVER () AS places,
        (SELECT count(*) FROM ranked) AS ranks
    FROM chosen
)
SELECT
    audience,
    other_audience,
    profiles,
    other_profiles,
    overlap,
    round(jaccard::numeric, 2) AS jaccard,
    CASE WHEN place <= 50 THEN place ELSE ranks - places + place END AS from_top,
    CASE WHEN place <= 50 THEN ranks + 1 - place ELSE places + 1 - place END AS from_bottom
FROM placed
ORDER BY place
