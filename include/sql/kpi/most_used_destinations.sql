/*
number: 24
title: Most used destinations
about: >
  The 20 destinations that are meant to have most audiences.
parameters: [merge_policy, day]
*/
WITH latest AS (
    SELECT merge_policy_id, max(date_key) AS date_key
    FROM complete_days
    WHERE date_key <= $day AND (merge_policy = $merge_policy OR ($merge_policy = '' AND is_default_merge_policy))
    GROUP BY merge_policy_id
)
SELECT destination_name AS destination, count(DISTINCT bridge.segment_id) AS audiences
FROM adwh_dim_br_segment_destinations AS bridge
JOIN adwh_dim_destination USING (destination_id)
JOIN latest ON bridge.end_date >= latest.date_key
GROUP BY destination_id, destination_name
ORDER BY audiences DESC, destination
LIMIT 20
