/*
title: Profiles per day, by what is predicted of them
kind: fact
grain: day, merge policy (the default one), model and score
source: lifetime/*
columns:
  date_key: date
  merge_policy_id: integer
  model_id: integer
  score: integer
  score_date: date
  created_date: date
  count_of_profiles: bigint
primary_key: [date_key, merge_policy_id, model_id, score]
indexes:
  - [model_id, merge_policy_id, score_date]
references:
  date_key: adwh_dim_date
  merge_policy_id: adwh_dim_merge_policies
  model_id, merge_policy_id: adwh_dim_ai_models
comments:
  score: 0 to 99; the probability in per cent, or the percentile of predicted value among all people, 99 the greatest
  score_date: The day at whose end people were scored
  created_date: The day up to whose end the model behind the score was fitted
*/
WITH fitted AS (
    SELECT fit_id, max(as_of) - 1 AS created_date FROM lifetime_models GROUP BY fit_id
),
scored AS (
    SELECT as_of, person_id, fit_id, definition || '/p_alive' AS model, least(floor(p_alive * 100), 99) AS score
    FROM lifetime_scores
    WHERE p_alive IS NOT NULL AND as_of IN (FROM refreshed_as_of)
    UNION ALL
    SELECT
        as_of,
        person_id,
        fit_id,
        definition || '/predicted_value' AS model,
        100 - ntile(100) OVER (PARTITION BY as_of, definition ORDER BY predicted_value DESC, person_id) AS score
    FROM lifetime_scores
    WHERE predicted_value IS NOT NULL AND as_of IN (FROM refreshed_as_of)
)
SELECT
    as_of - 1 AS date_key,
    (SELECT surrogate(name) FROM profile_definitions WHERE is_default) AS merge_policy_id,
    surrogate(model) AS model_id,
    score,
    as_of - 1 AS score_date,
    min(created_date) AS created_date,
    count(*) AS count_of_profiles
FROM scored
LEFT JOIN fitted USING (fit_id)
GROUP BY as_of, model, score
