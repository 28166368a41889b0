/*
number: 28
title: Active destinations by platform
about: >
  The 20 platforms with most enabled destinations.
parameters: []
*/
SELECT destination_platform_name AS platform, count(*) AS destinations
FROM adwh_dim_destination
JOIN adwh_dim_destination_platform USING (destination_platform_id)
WHERE destination_status = 'enabled'
GROUP BY destination_platform_id, destination_platform_name
ORDER BY destinations DESC, platform
LIMIT 20
