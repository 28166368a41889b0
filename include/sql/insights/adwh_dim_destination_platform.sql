/*
title: Kinds of destinations
kind: dimension
grain: platform, a connector
process: [daily, responses]
columns:
  destination_platform_id: integer
  destination_platform: text
  destination_platform_name: text
primary_key: [destination_platform_id]
*/
SELECT
    surrogate(platform) AS destination_platform_id,
    platform AS destination_platform,
    title AS destination_platform_name
FROM destination_platforms
