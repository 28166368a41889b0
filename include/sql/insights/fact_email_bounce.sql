/*
title: Bounced e-mails per day, campaign, audience and reason
kind: fact
grain: day of the bounce (UTC), campaign, audience, class and reason
process: [responses]
source: responses/email_events
columns:
  date_key: date
  campaign_id: text
  segment_id: integer
  bounce_class: text
  reason: text
  bounces: bigint
primary_key: [date_key, campaign_id, segment_id, bounce_class, reason]
references:
  date_key: adwh_dim_date
  campaign_id: dim_campaign
  segment_id: adwh_dim_segments
comments:
  bounce_class: hard, where the address is not to be tried again; soft
  reason: The provider's classification, or the mail server's status code such as 5.1.1
*/
SELECT
    event_date AS date_key,
    campaign_id,
    surrogate(audience) AS segment_id,
    bounce_class,
    coalesce(bounce_reason, 'Unclassified') AS reason,
    count(*) AS bounces
FROM email_events
WHERE event_type = 'bounced' AND event_date IN (FROM refreshed)
GROUP BY ALL
