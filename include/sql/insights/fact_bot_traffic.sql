/*
title: Visitors and events, of people and of bots
kind: fact
grain: document about bots, day, and by what visitors were told to be bots
source: bots/traffic
columns:
  date_key: date
  definition: text
  why: text
  visitors: bigint
  events: bigint
primary_key: [date_key, definition, why]
references:
  date_key: adwh_dim_date
comments:
  why: "people; or what told a bot first: declared (its user agent), rule, model; or what people decided: let_in, left_out"
  visitors: Everybody who was seen up to the end of the day
  events: Theirs, of all days up to it
*/
SELECT as_of - 1 AS date_key, definition, why, visitors, events
FROM bot_traffic
WHERE as_of IN (FROM refreshed_as_of)
