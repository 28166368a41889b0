/*
Sessions of histories. Each function is read FROM, and gives all columns of its source, and `session`:
timestamp_diff (whole seconds since the event before), num (the session's number), is_new, depth.

    FROM sess_timeout(events.app_events, household_id, event_time, message_id, 1800)

source: a table, a view, or the name of a CTE      who: whose events belong together
at_time, tie: the order of a history; `tie` decides between events of the same time
*/

-- A new session after a gap of more than so many seconds.
CREATE MACRO sess_timeout(source, who, at_time, tie, seconds) AS TABLE
SELECT * EXCLUDE (__gap, __is_new, __num), {
    timestamp_diff: coalesce(__gap // 1000000, 0),
    num: __num,
    is_new: __is_new,
    depth: row_number() OVER (PARTITION BY who, __num ORDER BY at_time NULLS FIRST, tie NULLS FIRST)
} AS session
FROM (
    SELECT *, (sum(__is_new::INTEGER) OVER (PARTITION BY who ORDER BY at_time NULLS FIRST, tie NULLS FIRST
        ROWS UNBOUNDED PRECEDING))::BIGINT AS __num
    FROM (
        SELECT *, coalesce(__gap > seconds * 1000000.0, true) AS __is_new
        FROM (
            SELECT *, epoch_us(at_time) - lag(epoch_us(at_time)) OVER (PARTITION BY who
                ORDER BY at_time NULLS FIRST, tie NULLS FIRST) AS __gap
            FROM query_table(source)
        )
    )
);

-- A new session with each event for which the condition is true.
CREATE MACRO sess_start_if(source, who, at_time, tie, condition) AS TABLE
SELECT * EXCLUDE (__gap, __is_new, __num), {
    timestamp_diff: coalesce(__gap // 1000000, 0),
    num: __num,
    is_new: __is_new,
    depth: row_number() OVER (PARTITION BY who, __num ORDER BY at_time NULLS FIRST, tie NULLS FIRST)
} AS session
FROM (
    SELECT *, (sum(__is_new::INTEGER) OVER (PARTITION BY who ORDER BY at_time NULLS FIRST, tie NULLS FIRST
        ROWS UNBOUNDED PRECEDING))::BIGINT AS __num
    FROM (
        SELECT *,
            epoch_us(at_time) - lag(epoch_us(at_time)) OVER (PARTITION BY who
                ORDER BY at_time NULLS FIRST, tie NULLS FIRST) AS __gap,
            row_number() OVER (PARTITION BY who ORDER BY at_time NULLS FIRST, tie NULLS FIRST) = 1
                OR coalesce(condition, false) AS __is_new
        FROM query_table(source)
    )
);

-- A session ends with each event for which the condition is true.
CREATE MACRO sess_end_if(source, who, at_time, tie, condition) AS TABLE
SELECT * EXCLUDE (__gap, __is_new, __num), {
    timestamp_diff: coalesce(__gap // 1000000, 0),
    num: __num,
    is_new: __is_new,
    depth: row_number() OVER (PARTITION BY who, __num ORDER BY at_time NULLS FIRST, tie NULLS FIRST)
} AS session
FROM (
    SELECT *, (sum(__is_new::INTEGER) OVER (PARTITION BY who ORDER BY at_time NULLS FIRST, tie NULLS FIRST
        ROWS UNBOUNDED PRECEDING))::BIGINT AS __num
    FROM (
        SELECT *,
            epoch_us(at_time) - lag(epoch_us(at_time)) OVER (PARTITION BY who
                ORDER BY at_time NULLS FIRST, tie NULLS FIRST) AS __gap,
            coalesce(lag(coalesce(condition, false)) OVER (PARTITION BY who
                ORDER BY at_time NULLS FIRST, tie NULLS FIRST), true) AS __is_new
        FROM query_table(source)
    )
);
