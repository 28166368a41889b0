/*
title: Where audiences go
kind: dimension
grain: destination, a document in include/activations
process: [daily, responses]
columns:
  destination_id: integer
  destination: text
  destination_name: text
  destination_platform_id: integer
  destination_status: text
  create_time: timestamptz
primary_key: [destination_id]
references:
  destination_platform_id: adwh_dim_destination_platform
comments:
  destination_status: enabled, or disabled where the document is gone
  create_time: When it was first activated; empty until then
*/
SELECT
    surrogate(destination) AS destination_id,
    destination,
    title AS destination_name,
    surrogate(platform) AS destination_platform_id,
    status AS destination_status,
    created_at AS create_time
FROM destinations
