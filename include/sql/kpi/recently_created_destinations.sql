/*
number: 26
title: Recently created destinations
about: >
  The 20 enabled destinations that were used for the first time last; those that were not used yet come at the end.
parameters: []
*/
SELECT destination_name AS destination, destination_platform_name AS platform, create_time AS created_at
FROM adwh_dim_destination
LEFT JOIN adwh_dim_destination_platform USING (destination_platform_id)
WHERE destination_status = 'enabled'
ORDER BY create_time DESC NULLS LAST, adwh_dim_destination.destination_name
LIMIT 20
