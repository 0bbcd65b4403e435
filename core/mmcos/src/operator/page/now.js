
// This moment, from the stream

function figures(pairs) {
  const summary = byId('summary');
  pairs.forEach(([name, value], index) => {
    if (!summary.children[index]) {
      const made = element('p');
      made.append(element('strong'), document.createTextNode(name));
      summary.append(made);
    }
    setText(summary.children[index].firstChild, value);
  });
}

const CLOCK_ADVICE = '. The server continues with the time from before, so bans and logins stay as they are. Check the date and ' +
  'time of its machine, and its time service (timedatectl). If they are right, the server trusts the clock again once it has ' +
  'run evenly for 10 minutes, or for 24 hours if it is more than 400 days ahead.';

function showMode({ maintenance, storage_trouble: trouble, clock_trouble: clockTrouble }, season) {
  const bar = byId('mode');
  const texts = [
    trouble && 'Logins and results are rejected, because nothing can be saved: ' + trouble + '.',
    clockTrouble && 'Clock in doubt: ' + clockTrouble + '. No season can begin. See \u201cSystem\u201d.',
    season.renumber_to !== null && 'Season ' + season.id + ' began while the clock was ahead. See \u201cSeason\u201d.',
    maintenance && 'MAINTENANCE: new logins are refused. Players who are already logged in can keep playing.',
  ].filter(Boolean);
  bar.classList.toggle('alert', texts.length > 0);
  setText(bar, texts.join(' ') || 'Players can log in.');
}

function show() {
  if (!state) return;
  const { server, players, searches, matches, season, event, night } = state;
  setText(byId('version'), server.version);
  showMode(server, season);
  figures([
    ['online', players.online], ['searching', searches.players], ['matches', matches.running],
    ['matches since start', matches.made], ['registered', players.known],
  ]);
  const versions = new Set([...searches.modes, ...searches.list].map(({ version }) => version));
  const mode = (search) => spaced(search.mode) + (versions.size > 1 ? ' (version ' + search.version + ')' : '');
  const nothing = players.online ? 'No player is searching.' : 'No player is searching, and none is online.';
  rows('modes', searches.modes, {
    cells: (row) => [mode(row), row.players, since(row.since), row.why],
    nothing,
    count: searches.different_modes,
  });
  rows('searches', searches.list, {
    cells: (search) => [
      named(search), mode(search), search.party, since(search.since), search.why + (search.accepts_ai ? '; accepts AI' : ''),
    ],
    nothing,
    count: searches.searches,
  });
  rows('running', [...matches.list].reverse(), {
    key: (match) => match.session,
    cells: (match) => [match.session, spaced(match.mode), match.state, since(match.since, true), namesOf(match.players)],
    actions: matchActions,
    nothing: ['No match is running. See ', { link: 'those that have ended', href: '#/matches?filter=ended' }, '.'],
    count: matches.running,
  });
  // A list that most servers never need.
  if (searches.apart.length) byId('apart-section').hidden = false;
  rows('apart', searches.apart, {
    key: ({ one, other }) => one.user_id + '-' + other.user_id,
    cells: ({ one, other, until }) => [[named(one), ' and ', named(other)], at(until)],
    actions: (pair) => {
      const { one, other } = pair();
      const names = plain(one.name) + ' and ' + plain(other.name);
      return [button('Forget', 'Forget that ' + names + ' are kept apart', () =>
        command('POST', 'apart/' + one.user_id + '-' + other.user_id + '/end', undefined, names + ' may meet again.'))];
    },
    nothing: 'No players are kept apart.',
    count: searches.pairs_apart,
  });
  byId('advice').hidden = !state.advice;
  setText(byId('advice'), state.advice ? state.advice + '.' : '');
  const isAhead = season.renumber_to !== null;
  byId('season-ahead').hidden = !isAhead;
  setText(byId('season-ahead'), isAhead ? 'This season began while the server\u2019s clock was ahead. If the clock is right now, ' +
    'renumber the season to ' + season.renumber_to + ': all points stay as they are. To get back the points from before it began, ' +
    'stop the server and run: mmcos restore seasons/before-season-' + season.id + '.db' : '');
  setText(byId('season-start'), isAhead ? 'Renumber to season ' + season.renumber_to : 'Begin the next season now');
  byId('season-undo').hidden = season.undo_to === null;
  setText(byId('season-undo'), season.undo_to === null ? '' : 'Undo: go on with season ' + season.undo_to);
  terms('season', [
    ['Season', season.id + (season.active || isAhead ? '' : ' (ended)')],
    [isAhead ? 'Should begin' : 'Began', at(season.starts)], ['Ends', at(season.ends)], ['Next begins', at(season.next)],
    ['Event', event ? [event.name + (event.on ? ' until ' : ' from '), at(event.on ? event.ends : event.starts)] : 'none planned'],
    ['Race night', night ? [night.on ? 'until ' : 'from ', at(night.on ? night.ends : night.starts)] : 'none planned'],
    ['Mode of the day', state.mode_of_the_day || 'none'],
  ]);
  terms('server', [
    ['Version', server.version],
    ['Running for', since(server.started)],
    ['Message', server.message || 'none'],
    ['Logins', server.maintenance ? 'refused: maintenance' : 'open'],
    ['Steam tickets', server.verifies_tickets ? 'verified' : 'not verified: players can impersonate each other'],
    ['Connections', server.connections],
    ['Last write to disk', server.last_commit_millis === null ? 'none yet' : server.last_commit_millis.toFixed(1) + ' ms'],
    ['Storage', server.storage_trouble || 'available'],
    ['Clock', server.clock_trouble ? 'in doubt: ' + server.clock_trouble + CLOCK_ADVICE : 'trusted'],
    ['Active bans', server.bans],
  ]);
}

function tick() {
  tidy();
  // Stale figures must not look live.
  if (!isLive) return;
  for (const time of document.querySelectorAll('time[data-since]')) setText(time, passed(time));
  if (document.visibilityState !== 'visible') return;
  const { view, id } = address();
  if (id === null) shownLists[view]?.refresh();
  else if (Date.now() - playerAt >= LIVE) refreshView();
}
