/*
title: Which days are complete
kind: lookup
grain: process, day and merge policy that has profiles of the day
refreshed: SELECT date_key FROM completed
day: process_date
columns:
  process_name: text
  process_status: text
  process_date: date
  merge_policy_id: integer
primary_key: [process_name, process_date, merge_policy_id]
references:
  merge_policy_id: adwh_dim_merge_policies
*/
-- Written by the daily refresh in the transaction in which the facts of its day are: a day is here, or is not there.
SELECT DISTINCT
    'FACT_TABLES_PROCESSING' AS process_name,
    'SUCCESSFUL' AS process_status,
    as_of - 1 AS process_date,
    surrogate(merge_policy) AS merge_policy_id
FROM people_by_policy
WHERE as_of IN (FROM refreshed_as_of)
