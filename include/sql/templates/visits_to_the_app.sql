/*
title: Visits to the app, by length
description: How many visits had how many events. A visit ends when nothing happens for some time.
parameters:
  minutes: {type: number, title: Minutes of silence, default: 30}
*/
WITH visits AS (
    FROM sess_timeout(events.app_events, device_id, event_time, message_id, $minutes * 60)
), lengths AS (
    SELECT device_id, session.num, max(session.depth) AS events
    FROM visits
    GROUP BY ALL
)
SELECT events, count(*) AS visits
FROM lengths
GROUP BY events
ORDER BY events
