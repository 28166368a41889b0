/*
title: Households that received a coupon campaign, and that redeemed
kind: fact
grain: campaign
columns:
  campaign_id: text
  received: bigint
  redeemed: bigint
primary_key: [campaign_id]
references:
  campaign_id: dim_campaign
*/
SELECT
    campaign_id,
    count(*) AS received,
    count(redeemers.household_id) AS redeemed
FROM campaign_households
LEFT JOIN (SELECT DISTINCT campaign_id, household_id FROM coupon_redemptions) AS redeemers
    USING (campaign_id, household_id)
GROUP BY campaign_id
