/*
number: 21
title: Audiences mapped and unmapped
about: >
  Of the audiences of the latest complete day, those that a destination is meant to have, and the others.
parameters: [merge_policy, day]
*/
WITH latest AS (
    SELECT merge_policy_id, max(date_key) AS date_key
    FROM complete_days
    WHERE date_key <= $day AND (merge_policy = $merge_policy OR ($merge_policy = '' AND is_default_merge_policy))
    GROUP BY merge_policy_id
),
audiences AS (
    SELECT DISTINCT segment_id, date_key
    FROM adwh_fact_profile_by_segment
    JOIN latest USING (merge_policy_id, date_key)
)
SELECT
    count(*) FILTER (WHERE is_mapped) AS mapped,
    count(*) FILTER (WHERE NOT is_mapped) AS unmapped,
    count(*) AS audiences
FROM (
    SELECT EXISTS (
        SELECT FROM adwh_dim_br_segment_destinations AS bridge
        WHERE bridge.segment_id = audiences.segment_id AND bridge.end_date >= audiences.date_key
    ) AS is_mapped
    FROM audiences
) AS told
