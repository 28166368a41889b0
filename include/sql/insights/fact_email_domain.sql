/*
title: What recipients did with e-mails, per day, campaign, audience and the domain of their address
kind: fact
grain: day of the response (UTC), campaign, audience and domain
process: [responses]
source: responses/email_events
refreshed: >
  SELECT DISTINCT every.event_date
  FROM email_events AS every
  SEMI JOIN (SELECT campaign_id, audience FROM email_events WHERE event_date IN (SELECT key FROM changed)) AS touched
  USING (campaign_id, audience)
columns:
  date_key: date
  campaign_id: text
  segment_id: integer
  domain: text
  sent: bigint
  delivered: bigint
  bounced_hard: bigint
  bounced_soft: bigint
  opens_unique: bigint
  machine_opens: bigint
  clicks_unique: bigint
  unsubscribes: bigint
  complaints: bigint
primary_key: [date_key, campaign_id, segment_id, domain]
references:
  date_key: adwh_dim_date
  campaign_id: dim_campaign
  segment_id: adwh_dim_segments
comments:
  domain: "'other' are those with fewer than ten of the campaign's recipients: a domain of few may name somebody"
  opens_unique: First opens by people; those by machines, such as Apple's Mail Privacy Protection, are not among them
*/
WITH touched AS (
    SELECT *, coalesce(domain, 'other') AS name
    FROM email_events
    SEMI JOIN (SELECT campaign_id, audience FROM email_events WHERE event_date IN (FROM refreshed)) AS days
    USING (campaign_id, audience)
), ranked AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY send_id, event_type, is_machine ORDER BY event_time, event_id) = 1 AS is_first
    FROM touched
), known AS (
    SELECT campaign_id, audience, name
    FROM touched
    GROUP BY ALL
    HAVING count(DISTINCT email_sha256) >= 10
)
SELECT
    event_date AS date_key,
    campaign_id,
    surrogate(audience) AS segment_id,
    coalesce(known.name, 'other') AS domain,
    count(*) FILTER (event_type = 'sent') AS sent,
    count(*) FILTER (event_type = 'delivered') AS delivered,
    count(*) FILTER (event_type = 'bounced' AND bounce_class = 'hard') AS bounced_hard,
    count(*) FILTER (event_type = 'bounced' AND bounce_class = 'soft') AS bounced_soft,
    count(*) FILTER (event_type = 'opened' AND NOT is_machine AND is_first) AS opens_unique,
    count(*) FILTER (event_type = 'opened' AND is_machine) AS machine_opens,
    count(*) FILTER (event_type = 'clicked' AND is_first) AS clicks_unique,
    count(*) FILTER (event_type = 'unsubscribed') AS unsubscribes,
    count(*) FILTER (event_type = 'complained') AS complaints
FROM ranked
LEFT JOIN known USING (campaign_id, audience, name)
WHERE event_date IN (FROM refreshed)
GROUP BY ALL
