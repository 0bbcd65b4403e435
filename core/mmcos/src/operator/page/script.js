'use strict';

// Text that a player chose, such as a name, reaches the page only as textContent.

const byId = (id) => document.getElementById(id);
let clockAhead = 0; // the server's clock minus this one's, in seconds
let state = null;
let stream = null;
let isLive = false;
let asOf = null; // arrival of the state that is shown

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

// Writes only changes, so that selections stay and screen readers read nothing twice.
function setText(node, text) {
  if (node.textContent !== String(text)) node.textContent = text;
}

async function ask(method, path, body) {
  const options = { method, headers: {}, signal: AbortSignal.timeout(10_000) };
  if (body !== undefined) {
    options.headers['Content-Type'] = 'application/json';
    options.body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch('/api/v1/' + path, options);
  } catch {
    throw Object.assign(new Error('The server cannot be reached.'), { status: 0 });
  }
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const { status } = response;
  throw Object.assign(new Error(answer.error || 'The server responded with status ' + status + '.'), { status, confirm: answer.confirm });
}

function tell(text) {
  byId('notice').hidden = !text;
  byId('notice').firstElementChild.textContent = text || '';
}

let resultTimer;
function report(text) {
  tell('');
  byId('result').textContent = text;
  clearTimeout(resultTimer);
  resultTimer = setTimeout(() => setText(byId('result'), ''), 15_000);
}

// Sends a command and shows its result.
async function command(method, path, body, done) {
  if (!isLive) {
    tell('Not connected: nothing was sent. ' + byId('connection').textContent);
    return false;
  }
  try {
    const answer = await ask(method, path, body);
    report(done);
    return answer;
  } catch (error) {
    if (error.confirm !== undefined && !(body && body.confirm)) {
      return confirm('Careful: ' + error.confirm + '. Do it anyway?') && command(method, path, { ...body, confirm: true }, done);
    }
    if (error.status === 401) sessionEnded();
    else tell(error.message);
    return false;
  } finally {
    showOperators().catch(() => {});
  }
}

// Names

// Characters that show nothing: controls, formats, spaces, fillers, variation selectors.
const INVISIBLE = /[\p{C}\p{Z}\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufe00-\ufe0f]/gu;
// Characters that change the direction of the text around them.
const DIRECTIONS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

const isVisible = (name) => name.replace(INVISIBLE, '') !== '';
// Returns a name for labels and questions, where no element can isolate it.
const plain = (name) => (isVisible(name) ? '\u2068' + name.replace(DIRECTIONS, '') + '\u2069' : 'a player with an invisible name');
const named = (player) => ({ name: player.name, id: player.steam_id });

function nameNode({ name, id }, old) {
  const node = old instanceof HTMLElement && old.localName === 'bdi' ? old : element('bdi');
  const shown = isVisible(name);
  node.className = shown ? 'name' : 'name quiet';
  setText(node, shown ? name : '(invisible name, …' + String(id).slice(-4) + ')');
  return node;
}

// A mode as words, so that narrow columns break between them.
const spaced = (mode) => mode.replace(/(?<=[a-z])(?=[A-Z])/g, ' ');

// Times

const now = () => Date.now() / 1000 + clockAhead;

function span(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return whole + ' s';
  if (whole < 3600) return Math.floor(whole / 60) + ' min ' + (whole % 60) + ' s';
  if (whole < 86400) return Math.floor(whole / 3600) + ' h ' + Math.floor((whole % 3600) / 60) + ' min';
  return Math.floor(whole / 86400) + ' d ' + Math.floor((whole % 86400) / 3600) + ' h';
}

// `short` is for narrow columns: the largest unit alone.
const since = (moment, short = false) => ({ since: moment, short });

function passed({ dataset: { since: moment, short } }) {
  const text = span(now() - moment);
  return short !== undefined ? text.split(' ', 2).join(' ') : text;
}

function sinceNode({ since: moment, short }, old) {
  const node = old instanceof HTMLElement && old.localName === 'time' ? old : element('time');
  node.dateTime = new Date(moment * 1000).toISOString();
  node.dataset.since = moment;
  node.toggleAttribute('data-short', short);
  setText(node, passed(node));
  return node;
}

const date = (moment) =>
  new Date(moment * 1000).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const clock = (moment) =>
  new Date(moment * 1000).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });

// Puts a text, a name, a moment, or a list of these into an element, and reuses its nodes.
function fill(parent, contents) {
  const parts = [contents].flat();
  parts.forEach((part, index) => {
    const old = parent.childNodes[index];
    let node;
    if (part !== null && typeof part === 'object') {
      node = part.since === undefined ? nameNode(part, old) : sinceNode(part, old);
    } else if (old instanceof Text) {
      if (old.data !== String(part)) old.data = part;
      node = old;
    } else {
      node = document.createTextNode(part);
    }
    if (!old) parent.append(node);
    else if (node !== old) old.replaceWith(node);
  });
  while (parent.childNodes.length > parts.length) parent.lastChild.remove();
}

// Tables

const lists = new Map(); // by table: the rows by key

// Shows items as rows. A row and its buttons always belong to one key. The server sends only the first items; `count` is the
// number of all.
//
// In a steady table nothing moves: new rows are added at the end, and a row without its item stays, grey, until the page has
// not been touched for a while.
function rows(id, items, { key, cells, actions, nothing, count = items.length }) {
  const table = byId(id);
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const steady = table.classList.contains('steady');
  const known = lists.get(id) || new Map();
  lists.set(id, known);
  let note = body.querySelector('tr.note');
  if (!note) {
    note = element('tr', undefined, { class: 'note' });
    // No wider than the columns of a phone, or it would make columns of its own.
    note.append(element('td', '', { colspan: steady ? 3 : heads.length, class: 'quiet' }));
    body.append(note);
  }
  const present = new Set();
  let place = body.firstElementChild;
  for (const item of items) {
    const name = String(key(item));
    present.add(name);
    let row = known.get(name);
    if (!row) {
      row = element('tr');
      row.dataset.key = name;
      for (const head of heads) row.append(element('td', undefined, head.classList.contains('minor') ? { class: 'minor' } : {}));
      row.item = item;
      known.set(name, row);
      if (actions) {
        row.lastElementChild.className = 'actions';
        row.lastElementChild.append(...actions(() => row.item));
      }
    }
    row.item = item;
    row.goneAt = null;
    row.classList.remove('gone');
    if (steady) {
      if (!row.isConnected) note.before(row);
    } else if (row === place) {
      place = place.nextElementSibling;
    } else {
      body.insertBefore(row, place);
    }
    cells(item).forEach((cell, column) => fill(row.cells[column], cell));
    // A wrapped row keeps its height when a name goes, or the rows below would move.
    if (steady && row.offsetHeight > (row.least || 0)) {
      row.least = row.offsetHeight;
      row.style.height = row.least + 'px';
    }
  }
  for (const [name, row] of known) {
    if (present.has(name)) continue;
    if (!steady) {
      row.remove();
      known.delete(name);
    } else if (!row.goneAt) {
      row.goneAt = Date.now();
      row.classList.add('gone');
    }
  }
  setText(note.firstElementChild, items.length === 0 ? nothing : count > items.length ? 'and ' + (count - items.length) + ' more' : '');
  keepOneTabStop(table);
}

let touchedAt = 0;
for (const kind of ['pointermove', 'pointerdown', 'wheel', 'keydown', 'focusin', 'scroll']) {
  addEventListener(kind, () => { touchedAt = Date.now(); }, { capture: true, passive: true });
}

// Removes rows whose items went long ago.
function tidy() {
  if (Date.now() - touchedAt < 30_000) return;
  for (const [id, known] of lists) {
    for (const [name, row] of known) {
      if (!row.goneAt || Date.now() - row.goneAt < 60_000) continue;
      row.remove();
      known.delete(name);
    }
    keepOneTabStop(byId(id));
  }
}

// A table is one tab stop; the arrow keys lead from button to button.
function keepOneTabStop(table, button) {
  const stops = table.querySelectorAll('td.actions button');
  const current = button || table.querySelector('td.actions button[tabindex="0"]') || stops[0];
  for (const other of stops) other.tabIndex = other === current ? 0 : -1;
}

addEventListener('focusin', ({ target }) => {
  if (target.matches('td.actions button')) keepOneTabStop(target.closest('table'), target);
});
addEventListener('keydown', (event) => {
  const button = event.target;
  if (!(button instanceof HTMLElement) || !button.matches('td.actions button')) return;
  const row = button.closest('tr');
  const index = [...button.parentElement.children].indexOf(button);
  const next = {
    ArrowUp: () => row.previousElementSibling?.querySelectorAll('td.actions button')[index],
    ArrowDown: () => row.nextElementSibling?.querySelectorAll('td.actions button')[index],
    ArrowLeft: () => button.previousElementSibling,
    ArrowRight: () => button.nextElementSibling,
  }[event.key]?.();
  if (next) {
    event.preventDefault();
    next.focus();
  }
});

function button(text, label, act, kind = '') {
  const made = element('button', text, { type: 'button', 'aria-label': label, class: 'command ' + kind });
  made.addEventListener('click', act);
  made.disabled = !isLive;
  return made;
}

function terms(id, pairs) {
  const list = byId(id);
  pairs.forEach(([term, contents], index) => {
    if (!list.children[2 * index]) list.append(element('dt', term), element('dd'));
    setText(list.children[2 * index], term);
    fill(list.children[2 * index + 1], contents);
  });
}

function playerActions(player) {
  const { user_id: user, name, steam_id: steamId } = player();
  return [
    button('Kick', 'Kick ' + plain(name), () =>
      command('POST', 'players/' + user + '/kick', undefined, 'Kicked ' + plain(player().name) + '. They can log in again.')),
    button('Ban', 'Ban ' + plain(name), () => {
      byId('ban-subject').value = steamId;
      byId('ban-subject').scrollIntoView({ block: 'center' });
      byId('ban-reason').focus();
    }),
  ];
}

function playerRows(id, players, nothing, count) {
  rows(id, players, {
    key: (player) => player.user_id,
    cells: (player) => [
      named(player), player.does + (player.banned ? ', banned' : ''), player.points, player.games, since(player.seen, true),
    ],
    actions: playerActions,
    nothing,
    count,
  });
}

// Views

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
    clockTrouble && 'Clock in doubt: ' + clockTrouble + '. No season can begin. See \u201cServer\u201d.',
    season.renumber_to !== null && 'Season ' + season.id + ' began while the clock was ahead. See \u201cSeason and event\u201d.',
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
  rows('modes', searches.modes, {
    key: (row) => row.mode + ' ' + row.version,
    cells: (row) => [mode(row), row.players, since(row.since), row.why],
    nothing: 'No player is searching.',
    count: searches.different_modes,
  });
  rows('searches', searches.list, {
    key: (search) => search.user_id,
    cells: (search) => [
      named(search), mode(search), search.party, since(search.since), search.why + (search.accepts_ai ? '; accepts AI' : ''),
    ],
    nothing: 'No player is searching.',
    count: searches.searches,
  });
  rows('matches', [...matches.list].reverse(), {
    key: (match) => match.session,
    cells: (match) => [
      match.session, spaced(match.mode), match.state, since(match.since, true),
      match.players.flatMap((player, index) => (index ? [', ', named(player)] : [named(player)])),
    ],
    actions: (match) => {
      const { session } = match();
      const end = () => {
        const names = match().players.map((player) => plain(player.name)).join(', ');
        const asked = 'End match ' + session + ' (' + names + ')? Results that have not arrived yet will not count. This cannot be undone.';
        if (confirm(asked)) command('POST', 'matches/' + session + '/end', undefined, 'Ended match ' + session + '.');
      };
      return [button('End', 'End match ' + session, end, 'danger')];
    },
    nothing: 'No match is running.',
    count: matches.running,
  });
  // A list that most servers never need.
  if (searches.apart.length) byId('apart-section').hidden = false;
  rows('apart', searches.apart, {
    key: ({ one, other }) => one.user_id + '-' + other.user_id,
    cells: ({ one, other, until }) => [[named(one), ' and ', named(other)], clock(until)],
    actions: (pair) => {
      const { one, other } = pair();
      const names = plain(one.name) + ' and ' + plain(other.name);
      return [button('Forget', 'Let ' + names + ' meet again', () =>
        command('POST', 'apart/' + one.user_id + '-' + other.user_id + '/end', undefined, names + ' may meet again.'))];
    },
    nothing: 'No players are kept apart.',
    count: searches.pairs_apart,
  });
  byId('advice').hidden = !state.advice;
  setText(byId('advice'), state.advice ? state.advice + '.' : '');
  playerRows('players', players.list, 'No player is online.', players.online);
  rows('results', state.results, {
    key: (result) => result.session + ' ' + result.user_id,
    cells: (result) => [
      named(result), spaced(result.mode),
      (result.change > 0 ? '+' : '') + result.change + (result.claimed === result.change ? '' : ' (reported ' + result.claimed + ')'),
      result.points, since(result.at),
    ],
    nothing: 'No recent results.',
  });
  rows('leaderboard', state.leaderboard.map((row, index) => ({ ...row, place: index + 1 })), {
    key: (row) => row.user_id,
    cells: (row) => [row.place, named(row), row.points, row.division],
    nothing: 'No results yet.',
  });
  const isAhead = season.renumber_to !== null;
  byId('season-ahead').hidden = !isAhead;
  setText(byId('season-ahead'), isAhead ? 'This season began while the server\u2019s clock was ahead. If the clock is right now, ' +
    'renumber the season to ' + season.renumber_to + ': all points stay as they are. To get back the points from before it began, ' +
    'stop the server and run: mmcos restore seasons/before-season-' + season.id + '.db' : '');
  setText(byId('season-start'), isAhead ? 'Renumber to season ' + season.renumber_to : 'Begin the next season now');
  terms('season', [
    ['Season', season.id + (season.active || isAhead ? '' : ' (ended)')],
    [isAhead ? 'Should begin' : 'Began', date(season.starts)], ['Ends', date(season.ends)], ['Next begins', date(season.next)],
    ['Event', event ? event.name + (event.on ? ' until ' + date(event.ends) : ' from ' + date(event.starts)) : 'none planned'],
    ['Race night', night ? (night.on ? 'until ' + date(night.ends) : 'from ' + date(night.starts)) : 'none planned'],
    ['Mode of the day', state.mode_of_the_day || 'none'],
  ]);
  terms('server', [
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
}

// Charts

const SVG = 'http://www.w3.org/2000/svg';
const [WIDTH, HEIGHT, LEFT, BOTTOM] = [320, 120, 28, 18];

function svgElement(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

// Draws a period that ends with the last step. Steps from before the server's start are left empty.
function drawing({ step, end }, period, values, means, most) {
  const start = end - period;
  const x = (moment) => LEFT + ((moment - start) / period) * (WIDTH - LEFT - 4);
  const y = (value) => 6 + (1 - value / most) * (HEIGHT - BOTTOM - 6);
  const path = (series, isArea) => {
    let d = '';
    series.forEach((value, index) => {
      if (value === null) return;
      const right = end - (series.length - 1 - index) * step;
      const [from, to, at] = [x(right - step).toFixed(1), x(right).toFixed(1), y(value).toFixed(1)];
      const goesOn = !isArea && index > 0 && series[index - 1] !== null;
      d += isArea ? 'M' + from + ' ' + y(0) + 'V' + at + 'H' + to + 'V' + y(0) + 'Z' : (goesOn ? 'V' : 'M' + from + ' ') + at + 'H' + to;
    });
    return d;
  };
  const svg = svgElement('svg', { class: 'chart', viewBox: '0 0 ' + WIDTH + ' ' + HEIGHT, 'aria-hidden': 'true' });
  svg.append(
    svgElement('path', { class: 'axis', d: 'M' + LEFT + ' 6V' + y(0) + 'H' + (WIDTH - 4) }),
    svgElement('text', { x: LEFT - 4, y: 14, class: 'end' }, most),
    svgElement('text', { x: LEFT - 4, y: y(0), class: 'end' }, 0),
  );
  for (const part of [0, 0.5, 1]) {
    const moment = start + part * period;
    const place = ['start', 'middle', 'end'][2 * part];
    svg.append(svgElement('text', { x: x(moment), y: HEIGHT - 4, class: place }, clock(moment)));
  }
  if (means) svg.append(svgElement('path', { class: 'area', d: path(means, true) }));
  svg.append(svgElement('path', { class: 'line', d: path(values, false) }));
  return svg;
}

function chart(index, title, unit, period, chart, key, newer) {
  const values = chart[key];
  const means = chart[key + '_mean'];
  const known = [...values, ...newer].filter((value) => value !== null);
  const highest = known.length ? Math.max(...known) : null;
  const mean = means && means.length ? means.reduce((sum, value) => sum + value, 0) / means.length : null;
  const figure = byId('charts').children[index] || byId('charts').appendChild(element('figure'));
  const name = title + ', last ' + (period > 3600 ? 'day' : 'hour');
  const text = name + ': ' + (highest === null ? 'nothing yet'
    : 'highest ' + highest + unit + (mean === null ? '' : ', mean ' + mean.toFixed(1) + unit));
  const svg = drawing(chart, period, values, means, Math.max(1, Math.ceil(highest || 0)));
  if (figure.firstChild) figure.firstChild.replaceWith(svg);
  else figure.append(svg, element('figcaption'));
  setText(figure.lastChild, text);
}

function showCharts({ hour, day }) {
  // The hour's minutes contain the current quarter of an hour.
  const steps = Math.max(0, Math.floor((hour.end - day.end) / hour.step));
  const newer = (key) => (steps ? hour[key].slice(-steps) : []);
  const kinds = [['Online', 'online', ''], ['Searching', 'searching', ''], ['Matches', 'matches', ''], ['Wait', 'wait', ' s']];
  kinds.forEach(([title, key, unit], index) => {
    chart(2 * index, title, unit, 3600, hour, key, []);
    chart(2 * index + 1, title, unit, 86400, day, key, newer(key));
  });
}

// For operators

const forms = new Map(); // by setting

function settingForm(name, kind) {
  const form = element('form');
  const id = 'setting-' + name;
  const label = element('label', undefined, { for: id });
  const about = element('span');
  label.append(element('b', name), ' ', about);
  let input;
  if (kind === 'truth') {
    input = element('select', undefined, { id });
    for (const value of ['true', 'false']) input.append(element('option', value));
  } else {
    input = element('input', undefined, { id, type: kind === 'seconds' || kind === 'number' ? 'number' : 'text', step: 'any' });
  }
  const set = element('button', 'Set', { 'aria-label': 'Set ' + name, class: 'command' });
  const reset = button('Reset', 'Reset ' + name, () =>
    command('DELETE', 'settings/' + name, undefined, 'Reset ' + name + ' to its value in mmcos.toml.'));
  form.append(label, input, set, reset);
  form.addEventListener('submit', async (submit) => {
    submit.preventDefault();
    const { value } = input;
    if (await command('PUT', 'settings/' + name, { value }, 'Set ' + name + ' to “' + value + '”.')) form.shown = value;
  });
  return Object.assign(form, { input, about, reset });
}

// Shows a setting, but keeps text that is being typed.
function showSetting({ name, kind, about, value, configured, set }) {
  let form = forms.get(name);
  if (!form) {
    form = settingForm(name, kind);
    forms.set(name, form);
    byId('settings').append(form);
  }
  const isTyped = form.shown !== undefined && form.input.value !== form.shown;
  if (!isTyped) {
    form.input.value = value;
    form.shown = form.input.value;
  }
  form.classList.toggle('typed', isTyped);
  setText(form.about, about + (set ? ' (in mmcos.toml: ' + (configured || 'none') + ')' : '') + (isTyped ? ' (now: ' + (value || 'none') + ')' : ''));
  form.reset.classList.toggle('unneeded', !set);
}

// Shows a password that the server made, until the next one.
function showPassword(name, { password }) {
  byId('new-password').hidden = !password;
  if (!password) return;
  byId('new-password').firstElementChild.textContent = 'Password of ' + name + ':';
  byId('new-password').querySelector('code').textContent = password;
}

function operatorActions(operator) {
  const { name } = operator();
  return [
    button('New password', 'New password for ' + name, async () => {
      if (!confirm('Give ' + name + ' a new password? The old one stops working, and ' + name + ' is logged out.')) return;
      const answer = await command('POST', 'operators/' + name + '/password', undefined, 'Gave ' + name + ' a new password.');
      if (answer) showPassword(name, answer);
    }),
    button('Remove', 'Remove ' + name, () => {
      if (!confirm('Remove ' + name + '? The password stops working, and ' + name + ' is logged out.')) return;
      command('DELETE', 'operators/' + name, undefined, 'Removed ' + name + '.');
    }, 'danger'),
  ];
}

async function showAdmins() {
  const [operators, sessions] = await Promise.all([ask('GET', 'operators'), ask('GET', 'sessions')]);
  rows('operators', operators, {
    key: (operator) => operator.name,
    cells: (operator) => [
      operator.name, operator.role, operator.until === null ? 'no end' : date(operator.until) + (operator.holds ? '' : ' (ended)'),
    ],
    actions: operatorActions,
    nothing: 'No named operators: only the password of this server.',
  });
  rows('sessions', sessions, {
    key: (session) => session.number,
    cells: (session) => [session.name + (session.own ? ' (this browser)' : ''), session.address, since(session.since)],
    actions: (session) => {
      const { number, name } = session();
      return [button('End', 'End session ' + number + ' of ' + name, () =>
        command('DELETE', 'sessions/' + number, undefined, 'Ended a session of ' + name + '.'), 'danger')];
    },
    nothing: 'No browser is logged in.',
  });
}

function showRole({ name, role }) {
  document.body.dataset.role = role || '';
  setText(byId('me'), name ? name + (name === role ? '' : ' (' + role + ')') : '');
}

async function showOperators() {
  if (document.body.dataset.role === 'admin') showAdmins().catch(() => {});
  const [settings, bans] = await Promise.all([ask('GET', 'settings'), ask('GET', 'bans')]);
  settings.forEach(showSetting);
  rows('bans', bans.rows, {
    count: bans.total,
    key: (ban) => ban.subject,
    cells: (ban) => [
      ban.name === null ? ban.subject : [{ name: ban.name, id: ban.subject }, ' (' + ban.subject + ')'],
      ban.until === null ? 'permanent' : date(ban.until) + (ban.holds ? '' : ' (expired)'),
      ban.reason, ban.note,
    ],
    actions: (ban) => {
      const { subject } = ban();
      return [button('Lift', 'Lift the ban of ' + subject, () => {
        if (!confirm('Lift the ban of ' + subject + '?')) return;
        command('POST', 'bans/lift', { subject }, 'Lifted the ban of ' + subject + '.');
      })];
    },
    nothing: 'No bans.',
  });
}

function on(id, name, act) {
  byId(id).addEventListener(name, (event) => {
    event.preventDefault();
    act();
  });
}

on('notice-close', 'click', () => tell(''));
on('login', 'submit', async () => {
  try {
    await ask('POST', 'session', { password: byId('password').value });
    byId('password').value = '';
    tell('');
    start();
  } catch (error) {
    tell(error.message);
  }
});
on('logout', 'click', async () => {
  try {
    await ask('DELETE', 'session');
  } catch (error) {
    return tell(error.message);
  }
  // The next person at this screen must not see what was shown or typed.
  location.reload();
});
on('find', 'submit', async () => {
  const players = await ask('GET', 'players?search=' + encodeURIComponent(byId('name').value)).catch((error) => tell(error.message));
  if (!players) return;
  byId('found-region').hidden = false;
  for (const row of lists.get('found')?.values() || []) row.remove();
  lists.delete('found');
  playerRows('found', players.rows, 'No player has this name.', players.total);
});
on('ban', 'submit', async () => {
  const fields = ['subject', 'hours', 'reason', 'note'].map((name) => byId('ban-' + name));
  const sent = fields.map((field) => field.value);
  const [subject, hours, reason, note] = sent;
  const ban = { subject, reason, note, ...(hours && { hours: Number(hours) }) };
  const until = hours ? 'for ' + hours + ' h' : 'permanently';
  if (!(await command('POST', 'bans', ban, 'Banned ' + subject + ' ' + until + '.'))) return;
  fields.forEach((field, index) => {
    if (field.value === sent[index]) field.value = '';
  });
});
on('operator-add', 'submit', async () => {
  const [name, role, days] = ['name', 'role', 'days'].map((field) => byId('operator-' + field).value);
  const answer = await command('PUT', 'operators/' + name, { role, ...(days && { days: Number(days) }) }, name + ' is ' + role + ' now.');
  if (!answer) return;
  showPassword(name, answer);
  for (const field of ['name', 'days']) byId('operator-' + field).value = '';
});
let isBeginning = false;
on('season-start', 'click', async () => {
  if (isBeginning || !state) return;
  const { id, renumber_to: right } = state.season;
  const season = right === null ? id + 1 : right;
  const [asked, done] = right === null
    ? ['Begin season ' + season + ' now? All players start again, with the bonus of their division and rank. ' +
      'This cannot be undone.', 'Season ' + season + ' has begun.']
    : ['Renumber season ' + id + ' to ' + season + '? All points stay as they are. Is the server\u2019s date right: ' +
      date(now()) + '?', 'This is season ' + season + ' now.'];
  if (!confirm(asked)) return;
  isBeginning = true;
  try {
    await command('POST', 'season/start', { season }, done);
  } finally {
    isBeginning = false;
  }
});
on('event', 'submit', () => {
  const [event, hours] = [byId('event-name').value, Number(byId('event-hours').value)];
  command('POST', 'event/start', { event, hours }, 'Started the event ' + event + ' for ' + hours + ' h.');
});
on('event-stop', 'click', () => {
  if (confirm('Stop the current event?')) command('POST', 'event/stop', undefined, 'Stopped the event.');
});

// The connection

// Shows whether the page is up to date, and enables commands only then.
function setLive(live, text) {
  isLive = live;
  document.body.classList.toggle('stale', !live);
  byId('connection').className = live ? 'live' : 'stale';
  const as = !live && asOf ? ' Shown as of ' + asOf.toLocaleTimeString() + '.' : '';
  setText(byId('connection'), text + as);
  for (const command of document.querySelectorAll('button.command')) {
    // A disabled button loses the focus.
    command.disabled = !live && command !== document.activeElement;
    command.setAttribute('aria-disabled', String(!live));
  }
}

function sessionEnded() {
  if (stream) stream.close();
  stream = null;
  byId('login').hidden = false;
  byId('logout').hidden = true;
  document.body.classList.remove('operator');
  setLive(false, asOf ? 'Your session has ended. Log in again.' : 'Log in to see the server.');
}

function watch() {
  if (stream) stream.close();
  stream = new EventSource('/api/v1/live');
  const own = stream;
  own.addEventListener('session', (event) => {
    const session = JSON.parse(event.data);
    clockAhead = session.now - Date.now() / 1000;
    showRole(session);
    setLive(true, 'live');
  });
  own.addEventListener('state', (event) => {
    state = JSON.parse(event.data);
    asOf = new Date();
    show();
  });
  own.addEventListener('history', (event) => showCharts(JSON.parse(event.data)));
  own.addEventListener('error', () => {
    if (own !== stream) return;
    setLive(false, 'Connection lost; trying again.');
    check();
  });
}

// Detects what a stream does not report: the end of the session, a server or network that is gone.
let isChecking = false;
async function check() {
  if (isChecking || !document.body.classList.contains('operator')) return;
  isChecking = true;
  try {
    const session = await ask('GET', 'session');
    showRole(session);
    if (session.access !== 'operator') sessionEnded();
    else if (!stream || stream.readyState === EventSource.CLOSED) watch();
    else if (isLive) asOf = new Date();
  } catch (error) {
    setLive(false, error.status ? error.message : 'Connection lost; trying again.');
    // The stream may hang on a dead connection.
    if (stream && stream.readyState === EventSource.OPEN) watch();
  } finally {
    isChecking = false;
  }
}

async function start() {
  let session;
  try {
    session = await ask('GET', 'session');
  } catch (error) {
    setLive(false, 'The server rejected the request.');
    if (error.status === 0) {
      setLive(false, 'Connection lost; trying again.');
      setTimeout(start, 3000);
    } else {
      tell(error.message);
    }
    return;
  }
  if (session.access !== 'operator') return sessionEnded();
  document.body.classList.add('operator');
  showRole(session);
  byId('login').hidden = true;
  byId('logout').hidden = false;
  byId('main').hidden = false;
  byId('sections').hidden = false;
  setLive(true, 'connecting');
  try {
    const select = byId('event-name');
    const names = await ask('GET', 'events');
    for (const name of names.slice(select.options.length)) select.append(element('option', name));
    await showOperators();
  } catch (error) {
    tell(error.message);
  }
  watch();
}

setInterval(tick, 1000);
setInterval(check, 10_000);
start();
