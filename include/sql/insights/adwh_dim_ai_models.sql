/*
title: What is predicted of people
kind: dimension
grain: model (a document of lifetime value, and what it scores) and merge policy (the default one)
columns:
  model_id: integer
  merge_policy_id: integer
  model: text
  model_name: text
  model_type: text
primary_key: [model_id, merge_policy_id]
references:
  merge_policy_id: adwh_dim_merge_policies
*/
SELECT
    surrogate(lifetime_definitions.name || '/' || kinds.score) AS model_id,
    surrogate(profile_definitions.name) AS merge_policy_id,
    lifetime_definitions.name || '/' || kinds.score AS model,
    lifetime_definitions.title || ': ' || kinds.title AS model_name,
    kinds.type AS model_type
FROM lifetime_definitions
CROSS JOIN profile_definitions
CROSS JOIN (
    VALUES
        ('p_alive', 'still a customer', 'probability'),
        ('predicted_value', 'predicted value', 'rank')
) AS kinds (score, title, type)
WHERE is_default
