/*
title: What recipients did with e-mails, per day, campaign, audience and decile
kind: fact
grain: day of the response (UTC), campaign, audience and the recipient's decile when it was sent
process: [responses]
source: responses/email_events
refreshed: >
  SELECT DISTINCT every.event_date
  FROM email_events AS every
  SEMI JOIN (SELECT send_id FROM email_events WHERE event_date IN (SELECT key FROM changed)) AS touched
  USING (send_id)
columns:
  date_key: date
  campaign_id: text
  segment_id: integer
  decile: integer
  sent: bigint
  delivered: bigint
  bounced_hard: bigint
  bounced_soft: bigint
  opens_total: bigint
  opens_unique: bigint
  machine_opens: bigint
  clicks_total: bigint
  clicks_unique: bigint
  unsubscribes: bigint
  complaints: bigint
primary_key: [date_key, campaign_id, segment_id, decile]
references:
  date_key: adwh_dim_date
  campaign_id: dim_campaign
  segment_id: adwh_dim_segments
*/
-- A unique open is the first open by a person of a send: counted on its day alone, it adds up over days.
-- The decile is that of twelve months' spend on the day that the send's audience was computed; 0 is unranked.
WITH ranked AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY send_id, event_type, is_machine ORDER BY event_time, event_id) = 1 AS is_first
    FROM email_events
    SEMI JOIN (SELECT DISTINCT send_id FROM email_events WHERE event_date IN (FROM refreshed)) AS touched USING (send_id)
)
SELECT
    ranked.event_date AS date_key,
    ranked.campaign_id,
    surrogate(ranked.audience) AS segment_id,
    coalesce(profiles.spend_12m_decile, 0) AS decile,
    count(*) FILTER (event_type = 'sent') AS sent,
    count(*) FILTER (event_type = 'delivered') AS delivered,
    count(*) FILTER (event_type = 'bounced' AND bounce_class = 'hard') AS bounced_hard,
    count(*) FILTER (event_type = 'bounced' AND bounce_class = 'soft') AS bounced_soft,
    count(*) FILTER (event_type = 'opened' AND NOT is_machine) AS opens_total,
    count(*) FILTER (event_type = 'opened' AND NOT is_machine AND is_first) AS opens_unique,
    count(*) FILTER (event_type = 'opened' AND is_machine) AS machine_opens,
    count(*) FILTER (event_type = 'clicked') AS clicks_total,
    count(*) FILTER (event_type = 'clicked' AND is_first) AS clicks_unique,
    count(*) FILTER (event_type = 'unsubscribed') AS unsubscribes,
    count(*) FILTER (event_type = 'complained') AS complaints
FROM ranked
LEFT JOIN profiles ON profiles.person_id = ranked.person_id AND profiles.as_of = ranked.sent_as_of
WHERE ranked.event_date IN (FROM refreshed)
GROUP BY ALL
