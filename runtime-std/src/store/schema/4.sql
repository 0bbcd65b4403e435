-- A change of season is one row, and the players' rows follow some at a time: what the last one does to a row that is still
-- of the season before, as JSON for the server.
CREATE TABLE season_changes (season INTEGER PRIMARY KEY, change TEXT NOT NULL) STRICT;

-- Where everybody stood at the end of a season. Ranks and prizes follow: see the view.
CREATE TABLE final_standings (
    season INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    points INTEGER NOT NULL,
    division INTEGER NOT NULL,
    PRIMARY KEY (season, user_id)
) STRICT, WITHOUT ROWID;
INSERT INTO final_standings SELECT season, user_id, points, division FROM standings;

-- What the end of a season was worth: 'division' to the players in division "bound", 'rank' to the first "bound" ranks.
CREATE TABLE prizes (
    season INTEGER NOT NULL,
    kind TEXT NOT NULL,
    bound INTEGER NOT NULL,
    prize TEXT NOT NULL,
    PRIMARY KEY (season, kind, bound)
) STRICT, WITHOUT ROWID;
INSERT OR REPLACE INTO prizes
    SELECT DISTINCT season, 'division', division, division_prize FROM standings WHERE division_prize IS NOT NULL;
INSERT OR REPLACE INTO prizes
    SELECT season, 'rank', max(rank) + 1, rank_prize FROM standings WHERE rank_prize IS NOT NULL GROUP BY season, rank_prize;

DROP TABLE standings;
-- Ranks count from 0.
CREATE VIEW standings AS SELECT season, user_id, rank, points, division,
    (SELECT prize FROM prizes WHERE prizes.season = ranked.season AND kind = 'division' AND bound = division) AS division_prize,
    (SELECT nullif(prize, '') FROM prizes WHERE prizes.season = ranked.season AND kind = 'rank' AND bound > rank
        ORDER BY bound LIMIT 1) AS rank_prize
    FROM (
        SELECT *, row_number() OVER (PARTITION BY season ORDER BY points DESC, user_id) - 1 AS rank FROM final_standings
    ) AS ranked;
