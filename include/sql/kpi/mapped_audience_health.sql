/*
number: 31
title: Mapped audience health
about: >
  Audiences that a destination is meant to have and whose size is unusual: at least one standard deviation (of the
  population) from the mean of the 30 days up to the latest complete one. The 20 greatest.
parameters: [merge_policy, day]
*/
WITH latest AS (
    SELECT merge_policy_id, max(date_key) AS date_key
    FROM complete_days
    WHERE date_key <= $day AND (merge_policy = $merge_policy OR ($merge_policy = '' AND is_default_merge_policy))
    GROUP BY merge_policy_id
),
mapped AS (
    SELECT DISTINCT bridge.segment_id
    FROM adwh_dim_br_segment_destinations AS bridge
    JOIN latest ON bridge.end_date >= latest.date_key
),
-- Audience by audience: each one's days lie together in the index.
statistics AS (
    SELECT mapped.segment_id, theirs.*
    FROM mapped
    CROSS JOIN latest
    CROSS JOIN LATERAL (
        SELECT
            avg(count_of_profiles::float8) AS mean,
            stddev_pop(count_of_profiles::float8) AS deviation,
            max(count_of_profiles) FILTER (WHERE fact.date_key = latest.date_key) AS profiles
        FROM adwh_fact_profile_by_segment_trendlines AS fact
        WHERE fact.segment_id = mapped.segment_id
            AND fact.merge_policy_id = latest.merge_policy_id
            AND fact.date_key BETWEEN latest.date_key - 29 AND latest.date_key
    ) AS theirs
),
scored AS (
    SELECT *, CASE WHEN deviation = 0 THEN 0 ELSE (profiles - mean) / deviation END AS z
    FROM statistics
)
SELECT
    segment_name AS audience,
    profiles,
    round(mean::numeric, 2) AS mean,
    round(deviation::numeric, 2) AS deviation,
    round(z::numeric, 2) AS z
FROM scored
JOIN adwh_dim_segments USING (segment_id)
WHERE abs(z) >= 1
ORDER BY profiles DESC, audience
LIMIT 20
