/*
title: Days whose facts are complete, by merge policy
kind: lookup
stored: view
grain: day and merge policy
columns:
  date_key: date
  merge_policy_id: integer
  merge_policy: text
  is_default_merge_policy: boolean
primary_key: [date_key, merge_policy_id]
*/
-- The latest of these days is what "now" means in all KPIs.
SELECT process_date AS date_key, merge_policy_id, merge_policy, is_default_merge_policy
FROM adwh_lkup_process_delta_log
JOIN adwh_dim_merge_policies USING (merge_policy_id)
WHERE process_name = 'FACT_TABLES_PROCESSING' AND process_status = 'SUCCESSFUL'
