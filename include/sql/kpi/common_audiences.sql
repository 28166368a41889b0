/*
number: 29
title: Common audiences
about: >
  Audiences that both of two destinations are meant to have, with their sizes on the latest complete day: the 20
  greatest.
parameters: [merge_policy, day, destination, other_destination]
*/
WITH latest AS (
    SELECT merge_policy_id, max(date_key) AS date_key
    FROM complete_days
    WHERE date_key <= $day AND (merge_policy = $merge_policy OR ($merge_policy = '' AND is_default_merge_policy))
    GROUP BY merge_policy_id
),
mapped AS (
    SELECT DISTINCT destination, bridge.segment_id
    FROM adwh_dim_br_segment_destinations AS bridge
    JOIN adwh_dim_destination USING (destination_id)
    JOIN latest ON bridge.end_date >= latest.date_key
)
SELECT segment_name AS audience, sum(count_of_profiles) AS profiles
FROM mapped AS one
JOIN mapped AS other USING (segment_id)
JOIN adwh_dim_segments USING (segment_id)
JOIN adwh_fact_profile_by_segment USING (segment_id)
JOIN latest USING (merge_policy_id, date_key)
WHERE one.destination = $destination AND other.destination = $other_destination
GROUP BY segment_id, segment_name
ORDER BY profiles DESC, audience
LIMIT 20
