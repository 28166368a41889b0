/*
title: How people moved between deciles after a campaign, those who were sent it and those who were held out
kind: fact
grain: day of the send (UTC), campaign, audience, window, arm, decile at the send and decile at the window's end
process: [daily, responses]
source: [responses/email_events, audiences/membership]
refreshed: >
  SELECT DISTINCT event_date
  FROM email_events
  JOIN changed ON event_date BETWEEN key - 15 AND key + 1
  WHERE event_type = 'sent'
columns:
  date_key: date
  campaign_id: text
  segment_id: integer
  window_days: integer
  arm: text
  from_decile: integer
  to_decile: integer
  count_of_profiles: bigint
primary_key: [date_key, campaign_id, segment_id, window_days, arm, from_decile, to_decile]
references:
  date_key: adwh_dim_date
  campaign_id: dim_campaign
  segment_id: adwh_dim_segments
comments:
  arm: treated, or held_out
  from_decile: Of twelve months' spend when the campaign was sent; 0 is unranked
*/
-- By intention to treat, as in fact_campaign_lift. A window is there once the day of its end has been ranked.
SELECT
    date_key,
    campaign_id,
    surrogate(audience) AS segment_id,
    window_days,
    arm,
    coalesce(was.spend_12m_decile, 0) AS from_decile,
    coalesce(became.spend_12m_decile, 0) AS to_decile,
    count(*) AS count_of_profiles
FROM campaign_people AS people
CROSS JOIN (VALUES (3), (7), (14)) AS windows (window_days)
JOIN profiles AS was ON was.person_id = people.person_id AND was.as_of = sent_as_of
JOIN profiles AS became ON became.person_id = people.person_id AND became.as_of = sent_as_of + window_days
WHERE date_key IN (FROM refreshed)
GROUP BY ALL
