/*
First and last touches. Each function is read FROM, and gives all columns of its source, and `first_touch` or
`last_touch`: name (the label), value (the channel), timestamp (when it was), fraction (1.0); null where there
is no touch to credit. A touch is an event whose channel is not null.

    FROM attribution_last_touch(events.visits, household_id, event_time, event_id, 'Paid', tracking_code)

source, who, at_time, tie: as in sessions.sql      label: the name of the touch      channel: what is credited
*/

-- The first touch, for each event from it on.
CREATE MACRO attribution_first_touch(source, who, at_time, tie, label, channel) AS TABLE
SELECT *, first_value(CASE WHEN channel IS NOT NULL THEN
        {name: label, value: channel, timestamp: at_time, fraction: 1.0::DOUBLE} END IGNORE NULLS)
    OVER (PARTITION BY who ORDER BY at_time NULLS FIRST, tie NULLS FIRST ROWS UNBOUNDED PRECEDING) AS first_touch
FROM query_table(source);

-- The last touch up to and with each event.
CREATE MACRO attribution_last_touch(source, who, at_time, tie, label, channel) AS TABLE
SELECT *, last_value(CASE WHEN channel IS NOT NULL THEN
        {name: label, value: channel, timestamp: at_time, fraction: 1.0::DOUBLE} END IGNORE NULLS)
    OVER (PARTITION BY who ORDER BY at_time NULLS FIRST, tie NULLS FIRST ROWS UNBOUNDED PRECEDING) AS last_touch
FROM query_table(source);

-- The first touch since attribution was reset: after each event for which the condition is true, or right
-- before it.
CREATE MACRO attribution_first_touch_exp_if(source, who, at_time, tie, label, channel, condition,
    exp_before := false) AS TABLE
SELECT * EXCLUDE (__begins, __interval), first_value(CASE WHEN channel IS NOT NULL THEN
        {name: label, value: channel, timestamp: at_time, fraction: 1.0::DOUBLE} END IGNORE NULLS)
    OVER (PARTITION BY who, __interval ORDER BY at_time NULLS FIRST, tie NULLS FIRST
        ROWS UNBOUNDED PRECEDING) AS first_touch
FROM (
    SELECT *, sum(__begins::INTEGER) OVER (PARTITION BY who ORDER BY at_time NULLS FIRST, tie NULLS FIRST
        ROWS UNBOUNDED PRECEDING) AS __interval
    FROM (
        SELECT *, coalesce(CASE WHEN exp_before THEN condition ELSE lag(condition) OVER (PARTITION BY who
            ORDER BY at_time NULLS FIRST, tie NULLS FIRST) END, false) AS __begins
        FROM query_table(source)
    )
);

-- The last touch before attribution is reset the next time: one for all events of an interval, those before
-- it included.
CREATE MACRO attribution_last_touch_exp_if(source, who, at_time, tie, label, channel, condition,
    exp_before := false) AS TABLE
SELECT * EXCLUDE (__begins, __interval), last_value(CASE WHEN channel IS NOT NULL THEN
        {name: label, value: channel, timestamp: at_time, fraction: 1.0::DOUBLE} END IGNORE NULLS)
    OVER (PARTITION BY who, __interval ORDER BY at_time NULLS FIRST, tie NULLS FIRST
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS last_touch
FROM (
    SELECT *, sum(__begins::INTEGER) OVER (PARTITION BY who ORDER BY at_time NULLS FIRST, tie NULLS FIRST
        ROWS UNBOUNDED PRECEDING) AS __interval
    FROM (
        SELECT *, coalesce(CASE WHEN exp_before THEN condition ELSE lag(condition) OVER (PARTITION BY who
            ORDER BY at_time NULLS FIRST, tie NULLS FIRST) END, false) AS __begins
        FROM query_table(source)
    )
);

-- The earliest touch at most so many seconds before each event, its own included.
CREATE MACRO attribution_first_touch_exp_timeout(source, who, at_time, tie, label, channel, seconds) AS TABLE
SELECT * EXCLUDE (__row, __found), CASE WHEN __found.place <= __row THEN __found.touch END AS first_touch
FROM (
    -- Events of the same time that come later are in the frame, too: their places tell.
    SELECT *, arg_min({place: __row, touch:
            {name: label, value: channel, timestamp: at_time, fraction: 1.0::DOUBLE}}, __row)
        FILTER (WHERE channel IS NOT NULL)
        OVER (PARTITION BY who ORDER BY epoch_us(at_time)
            RANGE BETWEEN (seconds * 1000000.0)::BIGINT PRECEDING AND CURRENT ROW) AS __found
    FROM (
        SELECT *, row_number() OVER (PARTITION BY who ORDER BY at_time NULLS FIRST, tie NULLS FIRST) AS __row
        FROM query_table(source)
    )
);

-- The last touch at most so many seconds after each event, its own included.
CREATE MACRO attribution_last_touch_exp_timeout(source, who, at_time, tie, label, channel, seconds) AS TABLE
SELECT * EXCLUDE (__row, __found), CASE WHEN __found.place >= __row THEN __found.touch END AS last_touch
FROM (
    SELECT *, arg_max({place: __row, touch:
            {name: label, value: channel, timestamp: at_time, fraction: 1.0::DOUBLE}}, __row)
        FILTER (WHERE channel IS NOT NULL)
        OVER (PARTITION BY who ORDER BY epoch_us(at_time)
            RANGE BETWEEN CURRENT ROW AND (seconds * 1000000.0)::BIGINT FOLLOWING) AS __found
    FROM (
        SELECT *, row_number() OVER (PARTITION BY who ORDER BY at_time NULLS FIRST, tie NULLS FIRST) AS __row
        FROM query_table(source)
    )
);
