/*
title: Audiences
kind: dimension
grain: audience, a document in include/audiences
columns:
  segment_id: integer
  segment: text
  segment_name: text
  description: text
primary_key: [segment_id]
*/
SELECT
    surrogate(name) AS segment_id,
    name AS segment,
    title AS segment_name,
    description
FROM audience_definitions
