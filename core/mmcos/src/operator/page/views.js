
// Views of lists

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
const signed = (points) => (points > 0 ? '+' : '') + points;
const change = (result) => signed(result.change) +
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
  live: false,
  filters: [['all', 'all'], ['warn', 'warnings'], ['info', 'the rest']],
  defaults: { sort: 'at' },
  columns: [{ title: 'When', sort: 'at', descending: true }, { title: 'Level' }, { title: 'Text' }],
  cells: (line) => [at(line.at), line.level === 'warn' ? 'warning' : line.level, line.text],
  nothing: (filter) => (filter === 'warn' ? 'No warnings among the last lines.' : 'Nothing has been logged since the server started.'),
});

const changed = ({ before, after }) => [before !== null && ' Before: ' + before + '.', after !== null && ' After: ' + after + '.'];

serverList('audit', {
  path: 'audit',
  table: 'audit',
  label: 'Audit log',
  what: 'commands',
  filters: [['all', 'all'], ['players', 'about players'], ['changes', 'without logins']],
  defaults: { sort: 'number' },
  columns: [{ title: 'When', sort: 'number', descending: true }, { title: 'Operator', sort: 'operator' }, { title: 'What was done' }],
  key: (entry) => entry.number,
  cells: (entry) => [
    at(entry.at), entry.operator + (entry.address === null ? '' : ' from ' + entry.address),
    [entry.text + '.', ...changed(entry).filter(Boolean)],
  ],
  nothing: () => 'No operator has done anything yet.',
});

function banCells(ban) {
  return [
    ban.name === null ? ban.subject : [{ name: ban.name, id: ban.subject }, ' (' + ban.subject + ')'],
    ban.until === null ? 'permanent' : [at(ban.until), ban.holds ? '' : ' (expired)'],
    at(ban.since), ban.reason, ban.note,
  ];
}

