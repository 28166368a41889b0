/*
title: What was learned about bots
kind: fact
grain: document about bots, day of the fit, and question of the tree
columns:
  date_key: date
  definition: text
  node: integer
  feature: text
  threshold: double precision
  visitors: bigint
  crawlers: bigint
  if_less: integer
  if_more: integer
primary_key: [definition, date_key, node]
references:
  date_key: adwh_dim_date
comments:
  node: 0 is asked first
  feature: "most_300: events of the fullest 300 seconds; mean_300: of those with any; pages_300: different pages"
  threshold: At most so much leads to if_less, more to if_more; without one, the node is an answer
  visitors: From whom it was learned, and who came here
  crawlers: Of these
*/
SELECT
    as_of - 1 AS date_key,
    definition,
    generate_subscripts(nodes, 1) - 1 AS node,
    unnest(nodes).feature AS feature,
    unnest(nodes).threshold AS threshold,
    unnest(nodes).visitors AS visitors,
    unnest(nodes).bots AS crawlers,
    unnest(nodes)."left" AS if_less,
    unnest(nodes)."right" AS if_more
FROM bot_models
