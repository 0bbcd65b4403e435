-- The first places of each season that has ended, with the names that the players have now.
CREATE TABLE "podiums" ("season" INTEGER, "places" TEXT, PRIMARY KEY ("season")) STRICT;
INSERT INTO podiums
    SELECT season, json_group_array(json_object('user', user_id, 'name', name, 'points', points, 'division', division))
    FROM (
        SELECT ended.season, user_id, players.name, ended.points, ended.division,
            row_number() OVER (PARTITION BY ended.season ORDER BY ended.points DESC, user_id) AS place
        FROM final_standings AS ended JOIN players USING (user_id)
        ORDER BY ended.season, place
    )
    WHERE place <= 100 GROUP BY season;
