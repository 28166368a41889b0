/*
title: Shoppers of each day, as sketches
description: >-
  How many different households shopped on a day, in a form that can be merged: a week's shoppers are those of
  its days, each counted once. Only what came since the last run is read; events that come late are one more
  sketch of their day.
schedule: "30 5 * * *"
mode: create
source: events/transactions
*/
SELECT
    event_date,
    count(*) AS lines,
    hll_build_agg(household_id) AS shoppers
FROM events.transactions BETWEEN $since AND $until
GROUP BY event_date
