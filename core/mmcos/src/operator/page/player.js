// A player: actions and page

const BAN_HOURS = [['1', '1 hour'], ['24', '1 day'], ['168', '1 week'], ['720', '30 days'], ['', 'permanent']];
const REASON = { name: 'reason', label: 'Reason', required: '', maxlength: 120 };

function playerActions(player) {
  const { user_id: user, name, steam_id: steamId } = player();
  const ban = async () => {
    const wanted = await askFor({
      title: 'Ban ' + plain(player().name) + '?',
      text: ['Ends the search and the login of the player, who cannot log in until the ban ends. A race that has begun goes on. Lift the ban under “Moderation”.'],
      fields: [
        { name: 'hours', label: 'For', choices: BAN_HOURS },
        { name: 'reason', label: 'Reason (shown to the player)', maxlength: 200 },
        { name: 'note', label: 'Note for operators', maxlength: 200 },
      ],
      act: 'Ban',
      danger: true,
    });
    if (!wanted) return;
    const { hours, reason, note } = wanted;
    const until = hours ? 'for ' + hours + ' h' : 'permanently';
    command('POST', 'bans', { subject: steamId, reason, note, ...(hours && { hours: Number(hours) }) }, 'Banned ' + plain(player().name) + ' ' + until + '.');
  };
  const kick = async () => {
    const wanted = await askFor({
      title: 'Kick ' + plain(player().name) + '?',
      text: ['Ends the search and the login of the player. They can log in again at once. A race that has begun goes on.'],
      fields: [{ name: 'reason', label: 'Reason, for operators', maxlength: 120 }],
      act: 'Kick',
    });
    if (!wanted) return;
    const { reason } = wanted;
    command('POST', 'players/' + user + '/kick', reason ? { reason } : {}, 'Kicked ' + plain(player().name) + '. They can log in again.');
  };
  return [
    button('Kick', 'Kick ' + plain(name), kick),
    button('Ban', 'Ban ' + plain(name), ban),
  ];
}

// Actions of the player's page alone.
function corrections(player) {
  const { user_id: user, name } = player();
  const path = 'players/' + user + '/';
  const changePoints = async () => {
    const { points } = player();
    const wanted = await askFor({
      title: 'Change the points of ' + plain(name),
      text: [
        'The player has ' + points + ' points. The division follows, as after a match. Points do not fall below 0.',
        'The change and its reason are stored and shown on this page.',
      ],
      fields: [
        { name: 'change', label: 'Points to add (-5 takes 5 away)', type: 'number', min: -100000, max: 100000, required: '' },
        REASON,
      ],
      act: 'Change points',
    });
    if (!wanted) return;
    const change = Number(wanted.change);
    command('POST', path + 'points', { change, reason: wanted.reason }, 'Changed the points of ' + plain(name) + ' by ' + signed(change) + '.');
  };
  const rename = async () => {
    const wanted = await askFor({
      title: 'Rename ' + plain(name),
      text: [
        'All others see this name, on leaderboards too, whatever name the game sends. The player does not see the change.',
        'Without a name here, the next login brings the game\u2019s name again.',
      ],
      fields: [{ name: 'name', label: 'Name on this server', maxlength: 32 }, REASON],
      act: 'Rename',
    });
    if (!wanted) return;
    const { name: given, reason } = wanted;
    const done = given ? 'Renamed ' + plain(name) + ' to ' + plain(given) + '.' : 'The next login brings the game\u2019s name of ' + plain(name) + '.';
    command('POST', path + 'name', { reason, ...(given && { name: given }) }, done);
  };
  const retitle = async () => {
    const { title } = player();
    const wanted = await askFor({
      title: 'Change the title of ' + plain(name),
      text: ['Leaderboards show it below the name, until the player chooses another. The game knows it by its key, such as lng_player_title_elite.'],
      fields: [{ name: 'key', label: 'Key of the title', value: title, pattern: '[a-z0-9_]{1,64}', title: 'a to z, 0 to 9 and _', required: '' }, REASON],
      act: 'Change the title',
    });
    if (!wanted) return;
    const { key, reason } = wanted;
    command('POST', path + 'title', { title: key, reason }, 'Gave ' + plain(name) + ' the title ' + key + '.');
  };
  const merge = async () => {
    const wanted = await askFor({
      title: 'Merge another account into ' + plain(name),
      text: [
        'For two accounts of one person. ' + plain(name) + ' (account ' + user + ') gets the other account\u2019s points of this season, ' +
        'its numbers of matches, its earlier first login and its higher level. The other account is deleted, with its results and past places.',
        'Both players must be offline and in no match. This cannot be undone.',
      ],
      fields: [{ name: 'other', label: 'Account that goes (its number, see “Account” on its page)', type: 'number', min: 0, required: '' }, REASON],
      act: 'Merge',
      danger: true,
    });
    if (!wanted) return;
    const other = Number(wanted.other);
    command('POST', path + 'merge', { other, reason: wanted.reason, confirm: true }, 'Merged account ' + other + ' into ' + plain(name) + '.');
  };
  const erase = async () => {
    const wanted = await askFor({
      title: 'Delete ' + plain(name) + '?',
      text: [
        'The server forgets name, SteamID (' + player().steam_id + '), points, results and places of this player. This cannot be ' +
        'undone. If the player wants their data, save it first: “Data”.',
        'What stays: numbers without a name in matches and past seasons, a ban that has not ended, and backups. The same Steam account ' +
        'can log in again, as a new player.',
      ],
      fields: [{ ...REASON, label: 'Reason (stays in the audit log: name no one)' }],
      act: 'Delete',
      danger: true,
    });
    if (!wanted) return;
    if (await command('POST', path + 'delete', { ...wanted, confirm: true }, 'Deleted player ' + user + '.')) location.hash = '#/players?filter=all';
  };
  const data = element('a', 'Data', { class: 'button admin', href: '/api/v1/' + path + 'data', download: 'player-' + user + '.json', 'aria-label': 'Save all data of ' + plain(name) });
  return [
    button('Points', 'Change the points of ' + plain(name), changePoints),
    button('Rename', 'Rename ' + plain(name), rename), button('Title', 'Change the title of ' + plain(name), retitle), data,
    button('Merge', 'Merge another account into ' + plain(name), merge, 'danger admin'),
    button('Delete', 'Delete ' + plain(name), erase, 'danger admin'),
  ];
}

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
    byId('player-actions').replaceChildren(...playerActions(() => details), ...corrections(() => details));
    for (const id of ['results', 'bans', 'seasons', 'logins', 'adjustments']) clear('player-' + id);
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
  rows('player-adjustments', player.adjustments, {
    cells: (adjustment) => [at(adjustment.at), signed(adjustment.change), adjustment.points, adjustment.operator, adjustment.reason],
    nothing: 'No operator has changed the points.',
  });
  rows('player-logins', player.logins || [], {
    cells: (login) => [at(login.at), login.address],
    nothing: player.logins ? 'No login since the server started.' : 'Addresses are for moderators and admins.',
  });
}
