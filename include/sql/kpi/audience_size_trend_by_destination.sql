/*
number: 30
title: Audience size trend by destination
about: >
  Members of the audiences of a destination, or of any, or of one audience alone, on each day of the window on which
  they were there.
parameters: [merge_policy, from_day, day, destination, audience]
*/
WITH latest AS (
    SELECT merge_policy_id, max(date_key) AS date_key
    FROM complete_days
    WHERE date_key <= $day AND (merge_policy = $merge_policy OR ($merge_policy = '' AND is_default_merge_policy))
    GROUP BY merge_policy_id
)
SELECT fact.date_key, segment_name AS audience, max(count_of_profiles) AS profiles
FROM adwh_dim_br_segment_destinations AS bridge
JOIN adwh_dim_destination USING (destination_id)
JOIN adwh_dim_segments USING (segment_id)
JOIN adwh_fact_profile_by_segment_trendlines AS fact USING (segment_id)
JOIN latest USING (merge_policy_id)
WHERE $destination IN (destination, '')
    AND $audience IN (segment, '')
    AND fact.date_key BETWEEN $from_day AND latest.date_key
    AND fact.date_key BETWEEN bridge.start_date AND bridge.end_date
GROUP BY fact.date_key, segment_id, segment_name
ORDER BY fact.date_key, audience
