
// Views of lists

function playerActions(player) {
  const { user_id: user, name, steam_id: steamId } = player();
  return [
    button('Kick', 'Kick ' + plain(name), () =>
      command('POST', 'players/' + user + '/kick', undefined, 'Kicked ' + plain(player().name) + '. They can log in again.')),
    button('Ban', 'Ban ' + plain(name), () => {
      byId('ban-subject').value = steamId;
      location.hash = '#/moderation';
      setTimeout(() => byId('ban-reason').focus());
    }),
  ];
}

function matchActions(match) {
  const { session } = match();
  if (match().state === 'ended') return [];
  const end = () => {
    const names = match().players.map((player) => plain(player.name)).join(', ');
    const asked = 'End match ' + session + ' (' + names + ')? Results that have not arrived yet will not count. This cannot be undone.';
    if (confirm(asked)) command('POST', 'matches/' + session + '/end', undefined, 'Ended match ' + session + '.');
  };
  return [button('End', 'End match ' + session, end, 'danger')];
}

const namesOf = (players) => players.flatMap((player, index) => (index ? [', ', named(player)] : [named(player)]));
const change = (result) => (result.change > 0 ? '+' : '') + result.change +
  (result.claimed === result.change ? '' : ' (reported ' + result.claimed + ')');

const TO_PLAYERS = { link: 'instructions for players', href: '/' };

serverList('players', {
  path: 'players',
  table: 'players',
  label: 'Players',
  what: 'players',
  filters: [['online', 'online'], ['searching', 'searching'], ['racing', 'racing'], ['banned', 'banned'], ['all', 'all']],
  defaults: { sort: 'number' },
  columns: [
    { title: 'Player', sort: 'name' }, { title: 'Status' }, { title: 'Points', sort: 'points', descending: true, minor: true },
    { title: 'Games', sort: 'games', descending: true, minor: true }, { title: 'Last seen', sort: 'seen', descending: true, minor: true },
    { title: 'Actions' },
  ],
  key: (player) => player.user_id,
  cells: (player) => [
    named(player), player.does + (player.banned ? ', banned' : ''), player.points, player.games, since(player.seen, true),
  ],
  actions: playerActions,
  nothing: (filter) => ({
    online: ['No player is online. Send your players the ', TO_PLAYERS, ', or see ', { link: 'all players', href: '#/players?filter=all' }, '.'],
    searching: 'No player is searching.', racing: 'No player is racing.', banned: 'No player is banned.',
    all: ['No player has logged in yet. Send your players the ', TO_PLAYERS, '.'],
  })[filter],
});

serverList('matches', {
  path: 'matches',
  table: 'matches',
  label: 'Matches',
  what: 'matches',
  filters: [['running', 'running'], ['ended', 'ended'], ['all', 'all']],
  defaults: { sort: 'made' },
  columns: [
    { title: 'Match', sort: 'made', descending: true }, { title: 'Mode', sort: 'mode', minor: true }, { title: 'State', minor: true },
    { title: 'Made', minor: true }, { title: 'Players (host first)', sort: 'players', descending: true }, { title: 'Actions' },
  ],
  key: (match) => match.session,
  cells: (match) => [match.session, spaced(match.mode), match.state, since(match.since, true), namesOf(match.players)],
  actions: matchActions,
  nothing: (filter) => (filter === 'running'
    ? ['No match is running. See ', { link: 'those that have ended', href: '#/matches?filter=ended' }, '.']
    : 'No match yet. The list goes back a day.'),
});

serverList('results', {
  path: 'results',
  table: 'results',
  label: 'Results',
  what: 'results',
  filters: [['all', 'all'], ['adjusted', 'not counted as reported']],
  defaults: { sort: 'at' },
  columns: [
    { title: 'Player', sort: 'name' }, { title: 'Mode', minor: true }, { title: 'Change', sort: 'change', descending: true },
    { title: 'Points', sort: 'points', descending: true }, { title: 'When', sort: 'at', descending: true }, { title: 'Match', minor: true },
  ],
  cells: (result) => [
    named(result), spaced(result.mode), change(result), result.points, at(result.at),
    { link: result.session, href: '#/matches?filter=all&search=' + result.session },
  ],
  nothing: (filter) => (filter === 'all' ? 'No results yet. The list goes back a day.' : 'All results counted as reported.'),
});

serverList('leaderboard', {
  path: 'players',
  table: 'leaderboard',
  label: 'Leaderboard',
  what: 'players',
  defaults: { sort: 'points', filter: 'all' },
  columns: [
    { title: 'Place' }, { title: 'Player' }, { title: 'Points', sort: 'points', descending: true }, { title: 'Division' },
    { title: 'Games', sort: 'games', descending: true, minor: true }, { title: 'Level', sort: 'level', descending: true, minor: true },
  ],
  cells: (player) => [player.rank, named(player), player.points, player.division, player.games, player.level],
  nothing: () => ['No player has logged in yet. Send your players the ', TO_PLAYERS, '.'],
});

serverList('moderation', {
  path: 'bans',
  table: 'bans',
  label: 'Bans',
  what: 'bans',
  filters: [['all', 'all'], ['active', 'active'], ['expired', 'expired']],
  defaults: { sort: 'since' },
  columns: [
    { title: 'Player or addresses', sort: 'subject' }, { title: 'Until', sort: 'until', descending: true },
    { title: 'Since', sort: 'since', descending: true, minor: true }, { title: 'Reason', minor: true }, { title: 'Note', minor: true },
    { title: 'Actions' },
  ],
  key: (ban) => ban.subject,
  cells: banCells,
  actions: (ban) => {
    const { subject } = ban();
    return [button('Lift', 'Lift the ban of ' + subject, () => {
      if (!confirm('Lift the ban of ' + subject + '?')) return;
      command('POST', 'bans/lift', { subject }, 'Lifted the ban of ' + subject + '.');
    })];
  },
  nothing: () => 'No bans. Ban players here, or from the list of players.',
});

serverList('log', {
  path: 'log',
  table: 'log',
  label: 'Log',
  what: 'lines',
  filters: [['all', 'all'], ['warn', 'warnings'], ['info', 'the rest']],
  defaults: { sort: 'at' },
  columns: [{ title: 'When', sort: 'at', descending: true }, { title: 'Level' }, { title: 'Text' }],
  cells: (line) => [at(line.at), line.level === 'warn' ? 'warning' : line.level, line.text],
  nothing: (filter) => (filter === 'warn' ? 'No warnings among the last lines.' : 'Nothing has been logged since the server started.'),
});

function banCells(ban) {
  return [
    ban.name === null ? ban.subject : [{ name: ban.name, id: ban.subject }, ' (' + ban.subject + ')'],
    ban.until === null ? 'permanent' : [at(ban.until), ban.holds ? '' : ' (expired)'],
    at(ban.since), ban.reason, ban.note,
  ];
}

// A player

let details = null; // the player that is shown

async function showPlayer(user) {
  let player;
  try {
    player = await ask('GET', 'players/' + encodeURIComponent(user) + '/details');
  } catch (error) {
    if (error.status === 401) return sessionEnded();
    byId('player-content').hidden = true;
    setText(byId('player-title'), error.status === 404 ? 'No such player' : 'Player');
    if (error.status !== 404) tell(error.message);
    return;
  }
  if (address().view !== 'players' || address().id !== user) return;
  const isOther = details?.user_id !== player.user_id;
  details = player;
  byId('player-content').hidden = false;
  fill(byId('player-title'), { name: player.name, id: player.steam_id });
  document.title = plain(player.name) + ' \u00b7 mmcos';
  if (isOther) {
    byId('player-actions').replaceChildren(...playerActions(() => details));
    for (const id of ['player-results', 'player-bans', 'player-seasons', 'player-logins']) clear(id);
  }
  terms('player-terms', [
    ['SteamID64', player.steam_id], ['Number in the game', player.user_facing_id], ['Account', player.user_id],
    ['Status', player.does + (player.banned ? ', banned' : '')],
    ['Match', player.session === null ? 'none' : { link: player.session, href: '#/matches?filter=all&search=' + player.session }],
    ['First seen', at(player.first_seen)], ['Last seen', [at(player.seen), ' (', since(player.seen, true), ' ago)']],
    ['Season ' + player.season, player.points + ' points, rank ' + player.rank + ', division ' + player.division],
    ['Bonus at its start', player.bonus], ['Matches that counted', player.games],
    ['Level', player.level + (player.prestige ? ', prestige ' + player.prestige : '')], ['Title', player.title],
    ['As host', player.hosted.confirmed + ' matches took place; ' + player.hosted.unconfirmed + ' since then did not begin'],
  ]);
  rows('player-results', player.results, {
    cells: (result) => [at(result.at), spaced(result.mode), change(result), result.points, { link: result.session, href: '#/matches?filter=all&search=' + result.session }],
    nothing: 'No results in the last day.',
  });
  rows('player-seasons', player.seasons, {
    cells: (season) => [season.season, season.rank, season.points, season.division],
    nothing: 'Not among the first 100 of a past season.',
  });
  rows('player-bans', player.bans, { cells: banCells, nothing: 'No bans of this player or of the last address.' });
  rows('player-logins', player.logins || [], {
    cells: (login) => [at(login.at), login.address],
    nothing: player.logins ? 'No login since the server started.' : 'Addresses are for moderators and admins.',
  });
}
