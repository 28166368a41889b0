/*
number: 23
title: Mapped audiences
about: >
  Audiences that a destination, or any, is meant to have, whether they were sent yet or not.
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
JOIN latest ON bridge.end_date >= latest.date_key
WHERE $destination IN (destination, '')
