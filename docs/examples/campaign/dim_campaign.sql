/*
title: Campaigns by e-mail
kind: dimension
process: [daily, responses]
columns:
  campaign_id: text
  campaign_name: text
  campaign_type: text
  channel: text
  start_date: date
  end_date: date
primary_key: [campaign_id]
*/
SELECT
    campaign_id,
    any_value(campaign_name) AS campaign_name,
    'E-mail' AS campaign_type,
    'email' AS channel,
    min(event_date) AS start_date,
    CAST(NULL AS DATE) AS end_date
FROM email_events
GROUP BY campaign_id
