/*
title: What campaigns brought, people who were sent them against people who were held out
kind: fact
grain: day of the send (UTC), campaign, audience, window, decile and outcome
process: [daily, responses]
source: [responses/email_events, events/transactions, audiences/membership]
refreshed: >
  SELECT DISTINCT event_date
  FROM email_events
  JOIN changed ON event_date BETWEEN key - 15 AND key + 1
  WHERE event_type = 'sent'
lift: {outcomes: [sent, visits, conversion, revenue], strata: [share]}
columns:
  date_key: date
  campaign_id: text
  segment_id: integer
  window_days: integer
  observed_days: integer
  decile: integer
  outcome: text
  treated: bigint
  held_out: bigint
  treated_mean: double precision
  held_out_mean: double precision
  difference: double precision
  low: double precision
  high: double precision
  p_value: double precision
  relative: double precision
  incremental: double precision
primary_key: [date_key, campaign_id, segment_id, window_days, decile, outcome]
references:
  date_key: adwh_dim_date
  campaign_id: dim_campaign
  segment_id: adwh_dim_segments
comments:
  window_days: Days after the send within which purchases count
  observed_days: Whole days of the window that purchases are known of; less than the window, while it is open
  decile: Of twelve months' spend when the campaign was sent; 0 is unranked, -1 everybody
  outcome: sent (whether they were sent it), visits (baskets), conversion (whether they bought), revenue
  low: Lower end of the 95 % confidence interval of the difference (Welch); null where it cannot be told
  incremental: The difference times the people who were meant to be sent it
*/
-- Compared by intention to treat: everybody who was in the audience at the send counts in the arm that they drew,
-- whether the message reached them or not. What counts is what they bought between the send and the window's end.
WITH purchases AS (
    SELECT person_id, basket_id, event_time, sales_value
    FROM transactions_by_person
    WHERE event_date IN (FROM refreshed_after)
), known AS (
    SELECT max(event_time) AS until FROM transactions
), outcomes AS (
    SELECT
        date_key,
        campaign_id,
        surrogate(audience) AS segment_id,
        sent_as_of,
        people.person_id,
        window_days,
        least(window_days, date_sub('hour', sent_at, until) // 24) AS observed_days,
        coalesce(spend_12m_decile, 0) AS decile,
        share,
        arm = 'treated' AS treated,
        sent::integer AS sent,
        count(DISTINCT basket_id) AS visits,
        (count(basket_id) > 0)::integer AS conversion,
        coalesce(sum(sales_value), 0) AS revenue
    FROM campaign_people AS people
    CROSS JOIN (VALUES (3), (7), (14)) AS windows (window_days)
    JOIN known ON sent_at < until
    LEFT JOIN profiles ON profiles.person_id = people.person_id AND profiles.as_of = people.sent_as_of
    LEFT JOIN purchases ON purchases.person_id = people.person_id
        AND purchases.event_time >= sent_at AND purchases.event_time < sent_at + to_days(window_days)
    WHERE date_key IN (FROM refreshed)
    GROUP BY ALL
)
FROM outcomes
UNION ALL
SELECT * REPLACE (-1 AS decile) FROM outcomes
