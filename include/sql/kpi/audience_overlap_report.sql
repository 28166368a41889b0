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
ranked AS (
    SELECT
        audience,
        other_audience,
        profiles,
        other_profiles,
        overlap,
        CASE WHEN of_all <= 0 THEN 100 ELSE round(100.0 * overlap / of_all, 2) END AS jaccard
    FROM pairs
)
SELECT *
FROM (
    SELECT
        *,
        row_number() OVER (ORDER BY jaccard DESC, audience, other_audience) AS from_top,
        row_number() OVER (ORDER BY jaccard, audience, other_audience) AS from_bottom
    FROM ranked
) AS placed
WHERE from_top <= 50 OR from_bottom <= 50
ORDER BY from_top
