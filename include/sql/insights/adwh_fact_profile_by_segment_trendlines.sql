/*
title: Audience sizes over time
kind: fact
stored: view
grain: day, merge policy and audience
columns:
  date_key: date
  merge_policy_id: integer
  segment_id: integer
  count_of_profiles: bigint
primary_key: [date_key, merge_policy_id, segment_id]
references:
  date_key: adwh_dim_date
  merge_policy_id: adwh_dim_merge_policies
  segment_id: [adwh_dim_segments, adwh_dim_br_segment_destinations]
*/
-- A trend reads what the facts of the same grain hold: nothing is stored twice.
SELECT date_key, merge_policy_id, segment_id, count_of_profiles
FROM adwh_fact_profile_by_segment
