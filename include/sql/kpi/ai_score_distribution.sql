/*
number: 33
title: AI score distribution
about: >
  Profiles of the latest day that people were scored on, by score in 20 bins; LOW is below 25, HIGH from 75 on.
  `profiles_of_level` sums a level up.
parameters: [merge_policy, day, model]
*/
WITH latest AS (
    SELECT merge_policy_id, max(date_key) AS date_key
    FROM complete_days
    WHERE date_key <= $day AND (merge_policy = $merge_policy OR ($merge_policy = '' AND is_default_merge_policy))
    GROUP BY merge_policy_id
),
last_scored AS (
    SELECT fact.model_id, fact.merge_policy_id, max(fact.score_date) AS score_date
    FROM adwh_fact_profile_ai_models AS fact
    JOIN latest USING (merge_policy_id)
    JOIN adwh_dim_ai_models USING (model_id, merge_policy_id)
    WHERE model = $model AND fact.score_date <= latest.date_key
    GROUP BY fact.model_id, fact.merge_policy_id
),
counted AS (
    SELECT least(score / 5, 19) AS bin, sum(count_of_profiles) AS profiles
    FROM adwh_fact_profile_ai_models
    JOIN last_scored USING (model_id, merge_policy_id, score_date)
    GROUP BY bin
)
SELECT
    bin * 5 AS from_score,
    level,
    coalesce(profiles, 0) AS profiles,
    coalesce(sum(profiles) OVER (PARTITION BY level), 0) AS profiles_of_level
FROM (
    SELECT bin, CASE WHEN bin < 5 THEN 'LOW' WHEN bin < 15 THEN 'MEDIUM' ELSE 'HIGH' END AS level
    FROM generate_series(0, 19) AS bin
) AS bins
LEFT JOIN counted USING (bin)
WHERE EXISTS (SELECT FROM counted)
ORDER BY bin
