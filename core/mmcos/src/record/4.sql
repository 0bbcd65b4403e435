-- A change of season is one row, and the players' rows follow some at a time; what such a row was is the final standing. Ranks
-- and prizes follow: see the view.
CREATE TABLE "final_standings" ("season" INTEGER, "user_id" INTEGER, "points" INTEGER, "division" INTEGER,
    PRIMARY KEY ("season", "user_id")) STRICT, WITHOUT ROWID;
INSERT INTO final_standings SELECT season, user_id, points, division FROM standings;
CREATE TABLE "prizes" ("season" INTEGER, "kind" TEXT, "bound" INTEGER, "prize" TEXT,
    PRIMARY KEY ("season", "kind", "bound")) STRICT, WITHOUT ROWID;
INSERT OR REPLACE INTO prizes
    SELECT DISTINCT season, 'division', division, division_prize FROM standings WHERE division_prize IS NOT NULL;
INSERT OR REPLACE INTO prizes
    SELECT season, 'rank', max(rank) + 1, rank_prize FROM standings WHERE rank_prize IS NOT NULL GROUP BY season, rank_prize;
DROP TABLE standings;

-- Without the index of steam_id, which every change of a row wrote again.
ALTER TABLE players RENAME TO players_3;
CREATE TABLE "players" ("user_id" INTEGER, "steam_id" INTEGER, "user_facing_id" TEXT, "name" TEXT, "title" TEXT,
    "level" INTEGER, "prestige" INTEGER, "season" INTEGER, "points" INTEGER, "division" INTEGER, "bonus" INTEGER,
    "games" INTEGER, "hosted" INTEGER, "hosted_unconfirmed" INTEGER, "first_seen" INTEGER, "last_seen" INTEGER,
    PRIMARY KEY ("user_id")) STRICT;
INSERT INTO players SELECT * FROM players_3;
DROP TABLE players_3;
