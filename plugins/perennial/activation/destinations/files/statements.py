"""The SQL (of DuckDB) by which members, profiles and what earlier files told become the rows of files."""

REACHABLE = """
CREATE TABLE reachable AS
SELECT DISTINCT m.audience, p.key, p.person_id
FROM members m JOIN profiles p USING (person_id)
WHERE p.key IS NOT NULL
"""
SHARED = """
CREATE TABLE shared AS
SELECT r.*
FROM reachable r
JOIN (SELECT audience, key FROM reachable GROUP BY ALL HAVING count(*) > 1) USING (audience, key)
"""
CHOSEN = """
CREATE TABLE chosen AS
SELECT s.audience, s.key, s.person_id
FROM shared s
JOIN profiles p USING (person_id)
LEFT JOIN since q USING (audience, person_id)
QUALIFY row_number() OVER (
    PARTITION BY s.audience, s.key ORDER BY q.last_qualified DESC NULLS LAST, {texts}s.person_id
) = 1
"""
WANTED = """
CREATE TABLE wanted AS
SELECT w.audience, w.key, w.person_id, left(sha256({said}), 32) AS payload_hash
FROM (
    SELECT * FROM reachable ANTI JOIN shared USING (audience, key)
    UNION ALL
    SELECT * FROM chosen
) w
JOIN profiles p USING (person_id)
"""
TOLD = """
CREATE TABLE told AS FROM read_csv(
    '{file}', auto_detect = false, header = false, delim = ',', quote = '"', escape = '"', parallel = false,
    columns = {{audience: 'VARCHAR', key: 'VARCHAR', person_id: 'VARCHAR', payload_hash: 'VARCHAR'}}
)
"""
NOTHING_TOLD = "CREATE TABLE told AS FROM wanted LIMIT 0"
NEWS = """
CREATE TABLE news AS
SELECT
    w.*,
    'active' AS status,
    t.key IS NULL AS came,
    t.key IS NOT NULL AND t.payload_hash <> w.payload_hash AS changed
FROM wanted w LEFT JOIN told t USING (audience, key)
WHERE $everybody OR came OR ($changes AND changed)
UNION ALL
SELECT *, 'exited', false, false FROM told ANTI JOIN wanted USING (audience, key)
"""
COUNTS = """
SELECT
    count(*) FILTER (status = 'active'),
    count(*) FILTER (status = 'exited'),
    (SELECT count(*) FROM wanted) - count(*) FILTER (status = 'active'),
    (SELECT count(DISTINCT person_id) FROM reachable) - (SELECT count(DISTINCT person_id) FROM wanted)
FROM news
"""
WITHOUT_KEY = """
SELECT m.audience, count(DISTINCT person_id)
FROM members m LEFT JOIN profiles p USING (person_id)
WHERE p.key IS NULL
GROUP BY m.audience
"""
GONE = "SELECT DISTINCT audience FROM news WHERE status = 'exited' ORDER BY 1"
ORDERED = """
CREATE OR REPLACE TABLE ordered AS
SELECT row_number() OVER (ORDER BY n.status, n.key) AS position, n.key, n.status, p.* EXCLUDE (key)
FROM news n LEFT JOIN profiles p USING (person_id)
WHERE n.audience = $audience AND (n.status = 'active' OR $exits)
ORDER BY position
"""
PART = """
COPY (
    SELECT {columns} FROM ordered WHERE position > {start} AND position <= {end} ORDER BY position
) TO '{file}' ({options})
"""
LEFT = """
COPY (SELECT audience, key FROM news WHERE status = 'exited' OR changed)
TO '{file}' (FORMAT csv, HEADER false)
"""
CAME = """
COPY (SELECT audience, key, person_id, payload_hash FROM news WHERE came OR changed)
TO '{file}' (FORMAT csv, HEADER false)
"""
