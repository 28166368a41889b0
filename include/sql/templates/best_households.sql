/*
title: Households that spent most
description: Who spent most since a day, with their baskets and what an average basket was worth.
parameters:
  since: {type: date, title: Since, default: 2017-12-01}
  most: {type: integer, title: How many, default: 20}
*/
SELECT
    household_id,
    sum(sales_value) AS spend,
    count(DISTINCT basket_id) AS baskets,
    round(sum(sales_value) / count(DISTINCT basket_id), 2) AS spend_per_basket
FROM events.transactions
WHERE event_date >= $since
GROUP BY household_id
ORDER BY spend DESC
LIMIT $most
