/*
number: 32
title: Scheduled activations
about: >
  What is at which destination on the latest complete day, from when to when.
parameters: [merge_policy, day]
*/
WITH latest AS (
    SELECT merge_policy_id, max(date_key) AS date_key
    FROM complete_days
    WHERE date_key <= $day AND (merge_policy = $merge_policy OR ($merge_policy = '' AND is_default_merge_policy))
    GROUP BY merge_policy_id
)
SELECT
    destination_platform_name AS platform,
    destination_name AS destination,
    bridge.start_date AS start_day,
    CASE WHEN bridge.end_date = '9999-12-31' THEN 'Ongoing' ELSE bridge.end_date::text END AS end_day,
    count(*) AS audiences
FROM adwh_dim_br_segment_destinations AS bridge
JOIN adwh_dim_destination USING (destination_id)
LEFT JOIN adwh_dim_destination_platform USING (destination_platform_id)
JOIN latest ON latest.date_key BETWEEN bridge.start_date AND bridge.end_date
GROUP BY platform, destination_id, destination_name, bridge.start_date, bridge.end_date
ORDER BY platform, destination_name, bridge.start_date, bridge.end_date
