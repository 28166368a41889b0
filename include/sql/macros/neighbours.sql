/*
What lies before and after each event. Each function is read FROM, and gives all columns of its source, and one
of its own name, or `time_between`.

    FROM previous(events.app_events, household_id, event_time, message_id, product_id)

source, who, at_time, tie: as in sessions.sql
*/

-- The value so many events before; with `ignore_nulls`, events without a value are not counted.
CREATE MACRO previous(source, who, at_time, tie, key, shift := 1, ignore_nulls := false) AS TABLE
SELECT *, CASE
    WHEN shift < 1 THEN error('shift: expected a number of events, 1 or more; found ' || shift)
    WHEN ignore_nulls THEN lag(key, shift IGNORE NULLS)
        OVER (PARTITION BY who ORDER BY at_time NULLS FIRST, tie NULLS FIRST)
    ELSE lag(key, shift) OVER (PARTITION BY who ORDER BY at_time NULLS FIRST, tie NULLS FIRST)
END AS previous
FROM query_table(source);

-- The value so many events after.
CREATE MACRO next(source, who, at_time, tie, key, shift := 1, ignore_nulls := false) AS TABLE
SELECT *, CASE
    WHEN shift < 1 THEN error('shift: expected a number of events, 1 or more; found ' || shift)
    WHEN ignore_nulls THEN lead(key, shift IGNORE NULLS)
        OVER (PARTITION BY who ORDER BY at_time NULLS FIRST, tie NULLS FIRST)
    ELSE lead(key, shift) OVER (PARTITION BY who ORDER BY at_time NULLS FIRST, tie NULLS FIRST)
END AS next
FROM query_table(source);

-- Microseconds of a unit.
CREATE MACRO __length_of(unit) AS CASE unit
    WHEN 'seconds' THEN 1000000
    WHEN 'minutes' THEN 60000000
    WHEN 'hours' THEN 3600000000
    WHEN 'days' THEN 86400000000
    ELSE error('unit: expected one of days, hours, minutes, seconds; found ' || unit)::BIGINT
END;

-- Whole units since the last event for which the condition is true: 0 or more; 0 at such an event itself.
CREATE MACRO time_between_previous_match(source, who, at_time, tie, condition, unit := 'seconds') AS TABLE
SELECT *, (epoch_us(at_time) - last_value(CASE WHEN condition THEN epoch_us(at_time) END IGNORE NULLS)
    OVER (PARTITION BY who ORDER BY at_time NULLS FIRST, tie NULLS FIRST ROWS UNBOUNDED PRECEDING))
    // __length_of(unit) AS time_between
FROM query_table(source);

-- Whole units until the next event for which the condition is true, with a minus: 0 or less.
CREATE MACRO time_between_next_match(source, who, at_time, tie, condition, unit := 'seconds') AS TABLE
SELECT *, -((first_value(CASE WHEN condition THEN epoch_us(at_time) END IGNORE NULLS)
    OVER (PARTITION BY who ORDER BY at_time NULLS FIRST, tie NULLS FIRST
        ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) - epoch_us(at_time))
    // __length_of(unit)) AS time_between
FROM query_table(source);
