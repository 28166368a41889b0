/*
number: 13
title: Audience size
about: >
  Members of an audience on the latest complete day.
parameters: [merge_policy, day, audience]
*/
WITH latest AS (
    SELECT merge_policy_id, max(date_key) AS date_key
    FROM complete_days
    WHERE date_key <= $day AND (merge_policy = $merge_policy OR ($merge_policy = '' AND is_default_merge_policy))
    GROUP BY merge_policy_id
)
SELECT date_key, segment_name AS audience, sum(count_of_profiles) AS profiles
FROM adwh_fact_profile_by_segment
JOIN latest USING (merge_policy_id, date_key)
JOIN adwh_dim_segments USING (segment_id)
WHERE segment = $audience
GROUP BY date_key, segment_name
