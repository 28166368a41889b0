/*
title: Profiles per day
kind: fact
grain: day and merge policy
source: [profiles/*, audiences/membership]
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
comments:
  count_of_single_identity_profiles: Known by identities of one namespace alone
  count_of_orphan_profiles: In no audience; audiences are those of the default policy, so that by another one everybody is an orphan
*/
WITH members AS (
    SELECT DISTINCT as_of, person_id
    FROM membership
    WHERE status <> 'exited' AND as_of IN (FROM refreshed_as_of)
)
SELECT
    people.as_of - 1 AS date_key,
    surrogate(merge_policy) AS merge_policy_id,
    count(*) AS count_of_profiles,
    count(*) FILTER (len(namespaces) = 1) AS count_of_single_identity_profiles,
    count(*) FILTER (NOT is_default OR members.person_id IS NULL) AS count_of_orphan_profiles,
    sum(count_of_identities) AS count_of_identities
FROM people_by_policy AS people
LEFT JOIN members ON members.as_of = people.as_of AND members.person_id = people.person_id
WHERE people.as_of IN (FROM refreshed_as_of)
GROUP BY ALL
