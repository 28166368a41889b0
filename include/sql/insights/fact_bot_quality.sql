/*
title: How well bots are told from people
kind: fact
grain: document about bots, day of the fit, and what called visitors bots
columns:
  date_key: date
  definition: text
  predictor: text
  status: text
  visitors: bigint
  crawlers: bigint
  found: bigint
  mistaken: bigint
  precision: double precision
  recall: double precision
  families: bigint
  crawler_families: bigint
  reason: text
primary_key: [definition, date_key, predictor]
references:
  date_key: adwh_dim_date
comments:
  predictor: "model (each family of user agents is predicted by a tree that has not seen it), or rule"
  status: Of the model that was learned; one that is not used was not precise enough
  visitors: Who have a user agent, and did enough within half an hour to be told
  crawlers: Of these, those whose user agent is a known crawler's
  found: Crawlers that were called bots
  mistaken: Others that were called bots; a bot that calls itself a browser is among them
  precision: Found, of all who were called bots
  recall: Found, of all crawlers
  families: Of user agents; versions of a browser are one
  reason: What the model goes by, or why it is not used
*/
SELECT
    as_of - 1 AS date_key,
    definition,
    measure.predictor,
    status,
    measure.visitors,
    measure.bots AS crawlers,
    measure.found,
    measure.mistaken,
    measure.precision,
    measure.recall,
    families,
    bot_families AS crawler_families,
    reason
FROM (
    SELECT as_of, definition, status, families, bot_families, reason, unnest(quality) AS measure
    FROM bot_models
)
