/*
number: 22
title: Activated audiences
about: >
  Audiences that were at a destination, or at any, on the latest complete day.
parameters: [merge_policy, day, destination]
*/
WITH latest AS (
    SELECT merge_policy_id, max(date_key) AS date_key
    FROM complete_days
    WHERE date_key <= $day AND (merge_policy = $merge_policy OR ($merge_policy = '' AND is_default_merge_policy))
    GROUP BY merge_policy_id
)
SELECT count(DISTINCT bridge.segment_id) AS audiences
FROM adwh_dim_br_segment_destinations AS bridge
JOIN adwh_dim_destination USING (destination_id)
JOIN latest ON latest.date_key BETWEEN bridge.start_date AND bridge.end_date
WHERE $destination IN (destination, '')
