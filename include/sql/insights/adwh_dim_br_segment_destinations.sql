/*
title: Which audience is at which destination, from when to when
kind: dimension
grain: audience, destination and start; an audience that was taken off may come back
process: [daily, responses]
columns:
  segment_id: integer
  destination_id: integer
  start_date: date
  end_date: date
  create_time: timestamptz
primary_key: [segment_id, destination_id, start_date]
references:
  segment_id: adwh_dim_segments
  destination_id: adwh_dim_destination
comments:
  start_date: The first day whose members were sent; 9999-12-31 where none were sent yet
  end_date: The last day; 9999-12-31 where it goes on
  create_time: When the first day was sent
*/
-- From the documents of activations, and from the ledger of what was sent.
SELECT
    surrogate(audience) AS segment_id,
    surrogate(destination) AS destination_id,
    start_date,
    end_date,
    created_at AS create_time
FROM activated_audiences
