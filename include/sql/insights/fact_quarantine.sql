/*
title: Rows set aside, by the rule that they broke
kind: fact
grain: batch and reason; a row that broke two rules counts under both
columns:
  batch: text
  reason: text
  count_of_rows: bigint
primary_key: [batch, reason]
references:
  batch: fact_batch
*/
SELECT batch, reason, rows AS count_of_rows
FROM quarantined
