/*
title: Purchases credited to the campaigns that were clicked before
kind: fact
grain: day of the purchase (UTC), campaign, audience and rule of credit
process: [daily, responses]
source: [events/transactions, responses/email_events]
refreshed: >
  SELECT DISTINCT event_date
  FROM transactions
  JOIN changed ON event_date BETWEEN key AND key + 14
columns:
  date_key: date
  campaign_id: text
  segment_id: integer
  rule: text
  purchases: bigint
  revenue: numeric(18,2)
primary_key: [date_key, campaign_id, segment_id, rule]
references:
  date_key: adwh_dim_date
  campaign_id: dim_campaign
  segment_id: adwh_dim_segments
comments:
  rule: first_touch or last_touch; a purchase counts once by each
*/
-- A basket is credited to the first, or to the last, of the e-mails that its buyer clicked in the 14 days before.
-- Credit is no effect: see fact_campaign_lift for what campaigns brought.
WITH baskets AS (
    SELECT person_id, basket_id, min(event_time) AS bought_at, sum(sales_value) AS revenue
    FROM transactions_by_person
    WHERE event_date IN (FROM refreshed) AND person_id IS NOT NULL
    GROUP BY ALL
), clicks AS (
    SELECT person_id, campaign_id, audience, event_time, event_id
    FROM email_events
    WHERE event_type = 'clicked' AND NOT is_machine
), touched AS (
    SELECT
        bought_at::date AS date_key,
        campaign_id,
        audience,
        revenue,
        row_number() OVER (PARTITION BY person_id, basket_id ORDER BY event_time, event_id) = 1 AS is_first,
        row_number() OVER (PARTITION BY person_id, basket_id ORDER BY event_time DESC, event_id DESC) = 1 AS is_last
    FROM baskets
    JOIN clicks USING (person_id)
    WHERE event_time < bought_at AND event_time >= bought_at - INTERVAL 14 DAY
)
SELECT
    date_key,
    campaign_id,
    surrogate(audience) AS segment_id,
    rule,
    count(*) AS purchases,
    sum(revenue) AS revenue
FROM touched
CROSS JOIN LATERAL (VALUES ('first_touch', is_first), ('last_touch', is_last)) AS rules (rule, credited)
WHERE credited
GROUP BY ALL
