/*
title: Profiles per day
kind: fact
grain: day and merge policy
source: profiles/snapshot
columns:
  date_key: date
  merge_policy_id: integer
  count_of_profiles: bigint
  count_of_single_identity_profiles: bigint
  count_of_orphan_profiles: bigint
  count_of_identities: bigint
primary_key: [date_key, merge_policy_id]
references:
  date_key: adwh_dim_date
  merge_policy_id: adwh_dim_merge_policies
*/
-- An orphan is in no audience. A profile has its own id and, where known, an e-mail address and its hash.
WITH people AS (
    SELECT as_of, person_id, 1 + (email IS NOT NULL)::INT * 2 AS identities
    FROM profiles
    WHERE as_of - 1 IN (FROM refreshed)
),
members AS (
    SELECT DISTINCT as_of, person_id
    FROM membership
    WHERE status <> 'exited' AND as_of - 1 IN (FROM refreshed)
)
SELECT
    people.as_of - 1 AS date_key,
    (SELECT surrogate(name) FROM profile_definitions) AS merge_policy_id,
    count(*) AS count_of_profiles,
    count(*) FILTER (identities = 1) AS count_of_single_identity_profiles,
    count(*) FILTER (members.person_id IS NULL) AS count_of_orphan_profiles,
    sum(identities) AS count_of_identities
FROM people
LEFT JOIN members ON members.as_of = people.as_of AND members.person_id = people.person_id
GROUP BY people.as_of
