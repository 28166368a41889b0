/*
number: 25
title: Recently activated audiences
about: >
  The 20 audiences that came to a destination, or to any, last.
parameters: [destination]
*/
SELECT segment_name AS audience, destination_name AS destination, bridge.create_time AS activated_at
FROM adwh_dim_br_segment_destinations AS bridge
JOIN adwh_dim_segments USING (segment_id)
JOIN adwh_dim_destination USING (destination_id)
WHERE bridge.create_time IS NOT NULL AND $destination IN (destination, '')
ORDER BY bridge.create_time DESC, audience, adwh_dim_destination.destination_name
LIMIT 20
