/*
title: RFM segments, in the order of their rules
kind: dimension
columns:
  segment: text
  position: integer
  description: text
primary_key: [segment]
*/
SELECT segment, position, description
FROM rfm_segments
WHERE definition = 'rfm'
