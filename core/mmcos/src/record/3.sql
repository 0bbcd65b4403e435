-- Matches were numbered from the Unix time, in seconds; a game may read a signed number of 32 bits. Small numbers again.
CREATE TEMP TABLE numbers (old INTEGER PRIMARY KEY, new INTEGER NOT NULL);
INSERT INTO numbers SELECT session_id, 9999999 + row_number() OVER (ORDER BY session_id) FROM (
    SELECT session_id FROM matches WHERE session_id >= 1000000000
    UNION SELECT session_id FROM results WHERE session_id >= 1000000000
);
UPDATE matches SET session_id = (SELECT new FROM numbers WHERE old = session_id) WHERE session_id >= 1000000000;
UPDATE results SET session_id = (SELECT new FROM numbers WHERE old = session_id) WHERE session_id >= 1000000000;
DROP TABLE numbers;
