/*
number: 27
title: Destinations by status
about: >
  How many destinations are enabled and disabled, and how many there are.
parameters: []
*/
SELECT
    status,
    count(destination_id) AS destinations,
    sum(count(destination_id)) OVER () AS total
FROM (VALUES ('enabled'), ('disabled')) AS statuses (status)
LEFT JOIN adwh_dim_destination ON destination_status = status
GROUP BY status
ORDER BY status DESC
