/*
title: Sales of a department, day by day
description: Spend, baskets and households of one department over a period, from the store.
dialect: store
parameters:
  department: {type: text, title: Department, default: DELI}
  from_day: {type: date, title: From, default: 2017-12-01}
  to_day: {type: date, title: To, default: 2017-12-31}
*/
SELECT date_key, spend, baskets, households
FROM fact_sales_by_day
WHERE department = $department AND date_key BETWEEN $from_day AND $to_day
ORDER BY date_key
