-- Times are milliseconds since 1970, UTC.

-- Everybody who ever logged in, numbered without gaps.
CREATE TABLE players (
    user_id INTEGER PRIMARY KEY,
    steam_id INTEGER NOT NULL UNIQUE,
    user_facing_id TEXT NOT NULL,
    name TEXT NOT NULL,
    title TEXT NOT NULL,
    level INTEGER NOT NULL,
    prestige INTEGER NOT NULL,
    season INTEGER NOT NULL,
    points INTEGER NOT NULL,
    division INTEGER NOT NULL,
    bonus INTEGER NOT NULL,
    games INTEGER NOT NULL,
    hosted INTEGER NOT NULL,
    hosted_unconfirmed INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL
) STRICT;

-- Every race whose key was issued, except those that never began and never will.
CREATE TABLE matches (
    session_id INTEGER PRIMARY KEY,
    race_key TEXT NOT NULL,
    network_version INTEGER NOT NULL,
    game_type TEXT NOT NULL,
    rule_set TEXT NOT NULL,
    seats INTEGER NOT NULL,
    made INTEGER NOT NULL,
    begun INTEGER,
    -- The user_ids of who may bring a result, as a JSON array.
    players TEXT NOT NULL
) STRICT;

-- Every result that counted, with the change that the game claimed and the change that was counted.
CREATE TABLE results (
    session_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    season INTEGER NOT NULL,
    claimed INTEGER NOT NULL,
    counted INTEGER NOT NULL,
    points_before INTEGER NOT NULL,
    division_before INTEGER NOT NULL,
    points_after INTEGER NOT NULL,
    division_after INTEGER NOT NULL,
    rank INTEGER NOT NULL,
    PRIMARY KEY (session_id, user_id)
) STRICT, WITHOUT ROWID;

-- Every season that this server saw begin.
CREATE TABLE seasons (
    season INTEGER PRIMARY KEY,
    starts INTEGER NOT NULL
) STRICT;

-- Where everybody stood at the end of a season; ranks count from 0.
CREATE TABLE standings (
    season INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    rank INTEGER NOT NULL,
    points INTEGER NOT NULL,
    division INTEGER NOT NULL,
    division_prize TEXT,
    rank_prize TEXT,
    PRIMARY KEY (season, user_id)
) STRICT, WITHOUT ROWID;

-- What an operator did about events: from when until when this one runs, or none does, whatever is planned.
CREATE TABLE events (
    "from" INTEGER PRIMARY KEY,
    "until" INTEGER NOT NULL,
    event TEXT
) STRICT;

-- Who may not play; for good where there is no end.
CREATE TABLE bans (
    -- A SteamID64, an address, or a range of addresses such as 203.0.113.0/24.
    subject TEXT PRIMARY KEY,
    since INTEGER NOT NULL,
    until INTEGER,
    reason TEXT NOT NULL,
    note TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What was set while the server ran.
CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
