/*
number: 19
title: Audience overlap
about: >
  Members of one audience on the latest complete day, of another one, and of both.
parameters: [merge_policy, day, audience, other_audience]
*/
WITH latest AS (
    SELECT merge_policy_id, max(date_key) AS date_key
    FROM complete_days
    WHERE date_key <= $day AND (merge_policy = $merge_policy OR ($merge_policy = '' AND is_default_merge_policy))
    GROUP BY merge_policy_id
),
sizes AS (
    SELECT segment, count_of_profiles
    FROM adwh_fact_profile_by_segment
    JOIN latest USING (merge_policy_id, date_key)
    JOIN adwh_dim_segments USING (segment_id)
    WHERE segment IN ($audience, $other_audience)
),
-- A pair is stored once, whichever way round.
pairs AS (
    SELECT one.segment, other.segment AS other_segment, count_of_overlap
    FROM adwh_fact_profile_overlap_of_segments AS fact
    JOIN latest USING (merge_policy_id, date_key)
    JOIN adwh_dim_segments AS one ON fact.segment1 = one.segment_id
    JOIN adwh_dim_segments AS other ON fact.segment2 = other.segment_id
)
SELECT
    coalesce((SELECT sum(count_of_profiles) FROM sizes WHERE segment = $audience), 0) AS profiles,
    coalesce((SELECT sum(count_of_profiles) FROM sizes WHERE segment = $other_audience), 0) AS other_profiles,
    coalesce((
        SELECT sum(count_of_overlap)
        FROM pairs
        WHERE (segment = $audience AND other_segment = $other_audience)
            OR (segment = $other_audience AND other_segment = $audience)
    ), 0) AS overlap
