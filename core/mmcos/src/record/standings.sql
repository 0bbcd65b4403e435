SELECT season, user_id, rank, points, division,
    (SELECT prize FROM prizes WHERE prizes.season = ranked.season AND kind = 'division' AND bound = division) AS division_prize,
    (SELECT nullif(prize, '') FROM prizes WHERE prizes.season = ranked.season AND kind = 'rank' AND bound > rank
        ORDER BY bound LIMIT 1) AS rank_prize
    FROM (
        SELECT *, row_number() OVER (PARTITION BY season ORDER BY points DESC, user_id) - 1 AS rank FROM final_standings
    ) AS ranked
