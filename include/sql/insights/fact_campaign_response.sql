/*
title: Coupons redeemed per day and campaign
kind: fact
grain: day (UTC) and campaign
source: events/coupon_redemptions
columns:
  date_key: date
  campaign_id: text
  redemptions: bigint
  redeeming_households: bigint
primary_key: [date_key, campaign_id]
references:
  date_key: adwh_dim_date
  campaign_id: dim_campaign
*/
SELECT
    event_date AS date_key,
    campaign_id,
    count(*) AS redemptions,
    count(DISTINCT household_id) AS redeeming_households
FROM coupon_redemptions
WHERE event_date IN (FROM refreshed)
GROUP BY ALL
