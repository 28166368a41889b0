/*
title: Batches of signals, and what became of their rows
kind: fact
grain: batch
columns:
  batch: text
  dataset: text
  source: text
  date_key: date
  status: text
  rows_read: bigint
  rows_accepted: bigint
  rows_repeated: bigint
  rows_set_aside: bigint
primary_key: [batch]
references:
  date_key: adwh_dim_date
*/
-- A history has no day; uploads, messages and replays have that on which they came. Repeated rows were in the
-- lake already; those set aside broke a rule.
SELECT
    batch,
    dataset,
    source,
    coalesce(day, CASE WHEN source <> 'files' THEN CAST("at" AS DATE) END) AS date_key,
    status,
    read AS rows_read,
    accepted AS rows_accepted,
    duplicate AS rows_repeated,
    failed AS rows_set_aside
FROM batches
