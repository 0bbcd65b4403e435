'use strict';

// Everything a player chose (a name above all) reaches the page by textContent alone.

const byId = (id) => document.getElementById(id);
let clockAhead = 0; // the server's clock less this one's, in seconds
let state = null;
let stream = null;

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

async function ask(method, path, body) {
  const options = { method, headers: {} };
  if (body !== undefined) {
    options.headers['Content-Type'] = 'application/json';
    options.body = JSON.stringify(body);
  }
  const response = await fetch('/api/v1/' + path, options);
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.error || 'the server answered ' + response.status);
  return answer;
}

function tell(text) {
  byId('notice').hidden = !text;
  byId('notice').firstElementChild.textContent = text || '';
}

// Carries out an order and says what went wrong, if something did.
async function order(method, path, body) {
  try {
    await ask(method, path, body);
    tell('');
    return true;
  } catch (error) {
    tell(error.message);
    return false;
  } finally {
    if (document.body.classList.contains('operator')) await showOperators();
  }
}

// Times

const now = () => Date.now() / 1000 + clockAhead;

function span(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return whole + ' s';
  if (whole < 3600) return Math.floor(whole / 60) + ' min ' + (whole % 60) + ' s';
  if (whole < 86400) return Math.floor(whole / 3600) + ' h ' + Math.floor((whole % 3600) / 60) + ' min';
  return Math.floor(whole / 86400) + ' d ' + Math.floor((whole % 86400) / 3600) + ' h';
}

function since(moment) {
  const time = element('time', span(now() - moment), { datetime: new Date(moment * 1000).toISOString() });
  time.dataset.since = moment;
  return time;
}

const date = (moment) => new Date(moment * 1000).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });

// Tables

// The server sends as many items as somebody can read; `count` is how many there are.
function rows(id, items, cells, nothing, count = items.length) {
  const body = byId(id).tBodies[0];
  const heads = [...byId(id).tHead.rows[0].cells].map((head) => head.textContent);
  const made = items.map((item) => {
    const row = element('tr');
    cells(item).forEach((cell, column) => {
      const td = cell instanceof HTMLTableCellElement ? cell : element('td');
      if (td !== cell) td.append(...[cell].flat().map((part) => (part instanceof Node ? part : String(part))));
      td.dataset.head = heads[column]; // shown beside it where the screen is too narrow for columns
      row.append(td);
    });
    return row;
  });
  const text = items.length === 0 ? nothing : count > items.length ? 'and ' + (count - items.length) + ' more' : '';
  if (text) {
    const row = element('tr');
    row.append(element('td', text, { colspan: heads.length, class: 'quiet' }));
    made.push(row);
  }
  body.replaceChildren(...made);
}

function button(text, label, act) {
  const made = element('button', text, { type: 'button', 'aria-label': label });
  made.addEventListener('click', act);
  return made;
}

function orderCell(...buttons) {
  const cell = element('td', undefined, { class: 'order' });
  cell.append(...buttons);
  return cell;
}

function terms(id, pairs) {
  byId(id).replaceChildren(...pairs.flatMap(([term, text]) => {
    const dd = element('dd');
    dd.append(text instanceof Node ? text : String(text));
    return [element('dt', term), dd];
  }));
}

function kick(player) {
  return button('Kick', 'Kick ' + player.name, () => order('POST', 'players/' + player.user_id + '/kick'));
}

function banned(player) {
  return button('Ban', 'Ban ' + player.name, () => {
    byId('ban-subject').value = player.steam_id;
    byId('ban-subject').scrollIntoView({ block: 'center' });
    byId('ban-reason').focus();
  });
}

function playerRows(id, players, nothing, count) {
  const does = (player) => player.does + (player.banned ? ', banned' : '');
  rows(id, players, (player) => [
    player.name, does(player), player.points, player.games, since(player.seen), orderCell(kick(player), banned(player)),
  ], nothing, count);
}

// What there is to see

function figures(pairs) {
  const summary = byId('summary');
  pairs.forEach(([name, value], index) => {
    if (!summary.children[index]) {
      const made = element('p');
      made.append(element('strong'), document.createTextNode(name));
      summary.append(made);
    }
    // Only what changed is touched, so that only it is read out.
    const strong = summary.children[index].firstChild;
    if (strong.textContent !== String(value)) strong.textContent = value;
  });
}

function show() {
  if (!state) return;
  const { server, players, searches, matches, season, event } = state;
  byId('version').textContent = server.version;
  figures([
    ['online', players.online], ['searching', searches.players], ['matches', matches.running],
    ['matches made', matches.made], ['players known', players.known],
  ]);
  rows('modes', searches.modes, (mode) => [mode.mode, mode.players, since(mode.since), mode.why],
    'Nobody searches.', searches.different_modes);
  rows('searches', searches.list,
    (search) => [search.name, search.mode, search.party, since(search.since), search.why],
    'Nobody searches.', searches.searches);
  rows('matches', matches.list, (match) => [
    match.session, match.mode, match.state, since(match.since),
    match.players.map((player) => player.name).join(', '),
    orderCell(button('End', 'End match ' + match.session, () => order('POST', 'matches/' + match.session + '/end'))),
  ], 'No match is under way.', matches.running);
  playerRows('players', players.list, 'Nobody is online.', players.online);
  rows('results', state.results, (result) => [
    result.name, result.mode,
    (result.change > 0 ? '+' : '') + result.change + (result.claimed === result.change ? '' : ' (claimed ' + result.claimed + ')'),
    result.points, since(result.at),
  ], 'No race was scored lately.');
  let place = 0;
  rows('leaderboard', state.leaderboard, (row) => [++place, row.name, row.points, row.division], 'Nobody has played yet.');
  terms('season', [
    ['Season', season.id + (season.active ? '' : ' (over)')],
    ['Began', date(season.starts)], ['Ends', date(season.ends)], ['Next begins', date(season.next)],
    ['Event', event ? event.name + (event.on ? ' until ' + date(event.ends) : ' from ' + date(event.starts)) : 'none planned'],
  ]);
  terms('server', [
    ['Running for', since(server.started)],
    ['Message', server.message || 'none'],
    ['Logins', server.maintenance ? 'closed for maintenance' : 'open'],
    ['Steam tickets', server.verifies_tickets ? 'verified' : 'not verified: anybody can be anybody'],
    ['Connections', server.connections],
    ['Store', server.storage_trouble ? 'cannot save: ' + server.storage_trouble : 'ok'],
    ['Last write to disk', server.last_commit_millis === null ? 'none yet' : server.last_commit_millis.toFixed(1) + ' ms'],
    ['Bans that hold', server.bans],
  ]);
}

function tick() {
  for (const time of document.querySelectorAll('time[data-since]')) {
    const text = span(now() - time.dataset.since);
    if (time.textContent !== text) time.textContent = text;
  }
}

// Charts

const SVG = 'http://www.w3.org/2000/svg';

function chart(title, unit, period, values) {
  const [width, height] = [300, 80];
  const known = values.filter((value) => value !== null);
  const most = Math.max(1, ...known);
  const x = (index) => ((index / Math.max(1, values.length - 1)) * width).toFixed(1);
  const y = (value) => (height - 4 - (value / most) * (height - 8)).toFixed(1);
  let line = '';
  let area = '';
  values.forEach((value, index) => {
    if (value === null) return;
    const after = index > 0 && values[index - 1] !== null;
    line += (after ? 'L' : 'M') + x(index) + ' ' + y(value) + (after ? '' : 'h0.1');
    if (after) {
      area += 'M' + x(index - 1) + ' ' + height + 'V' + y(values[index - 1]) + 'L' + x(index) + ' ' + y(value) + 'V' + height + 'Z';
    }
  });
  const last = known.length ? known[known.length - 1] : null;
  const text = title + ', ' + period + ': ' +
    (last === null ? 'nothing yet' : 'now ' + last + unit + ', at most ' + Math.max(...known) + unit);
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'chart');
  svg.setAttribute('viewBox', '0 0 ' + width + ' ' + height);
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('aria-hidden', 'true');
  for (const [name, d] of [['area', area], ['line', line]]) {
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('class', name);
    path.setAttribute('d', d);
    svg.append(path);
  }
  const figure = element('figure');
  if (last !== null) figure.append(svg);
  figure.append(element('figcaption', text));
  return figure;
}

function showCharts(charts) {
  const kinds = [['Online', 'online', ''], ['Searching', 'searching', ''], ['Matches', 'matches', ''], ['Wait', 'wait', ' s']];
  byId('charts').replaceChildren(...kinds.flatMap(([title, key, unit]) => [
    chart(title, unit, 'last hour', charts.hour[key]), chart(title, unit, 'last day', charts.day[key]),
  ]));
}

// For operators

function settingForm(setting) {
  const form = element('form');
  const id = 'setting-' + setting.name;
  const label = element('label', undefined, { for: id });
  label.append(element('b', setting.name), ' ' + setting.about + (setting.set ? ' (configured: ' + (setting.configured || 'none') + ')' : ''));
  let input;
  if (setting.kind === 'truth') {
    input = element('select', undefined, { id });
    for (const value of ['true', 'false']) input.append(element('option', value));
  } else {
    input = element('input', undefined, { id, type: setting.kind === 'seconds' ? 'number' : 'text', step: 'any' });
  }
  input.value = setting.value;
  const reset = button('Reset', 'Reset ' + setting.name, () => order('DELETE', 'settings/' + setting.name));
  reset.hidden = !setting.set;
  form.append(label, input, element('button', 'Set', { 'aria-label': 'Set ' + setting.name }), reset);
  form.addEventListener('submit', (submit) => {
    submit.preventDefault();
    order('PUT', 'settings/' + setting.name, { value: input.value });
  });
  return form;
}

async function showOperators() {
  const [settings, bans] = await Promise.all([ask('GET', 'settings'), ask('GET', 'bans')]);
  byId('settings').replaceChildren(...settings.map(settingForm));
  rows('bans', bans, (ban) => [
    ban.name ? ban.name + ' (' + ban.subject + ')' : ban.subject,
    ban.until === null ? 'for good' : date(ban.until) + (ban.holds ? '' : ' (over)'),
    ban.reason, ban.note,
    button('Lift', 'Lift the ban of ' + ban.subject, () => order('POST', 'bans/lift', { subject: ban.subject })),
  ], 'Nobody is banned.');
}

function on(id, name, act) {
  byId(id).addEventListener(name, (event) => {
    event.preventDefault();
    act();
  });
}

on('notice-close', 'click', () => tell(''));
on('login', 'submit', async () => {
  if (await order('POST', 'session', { password: byId('password').value })) start();
  byId('password').value = '';
});
on('logout', 'click', async () => {
  await order('DELETE', 'session');
  start();
});
on('find', 'submit', async () => {
  const players = await ask('GET', 'players?name=' + encodeURIComponent(byId('name').value)).catch((error) => tell(error.message));
  byId('found-region').hidden = !players;
  if (players) playerRows('found', players, 'No player has this name.');
});
on('ban', 'submit', async () => {
  const hours = byId('ban-hours').value;
  const ban = { subject: byId('ban-subject').value, reason: byId('ban-reason').value, note: byId('ban-note').value };
  if (await order('POST', 'bans', hours ? { ...ban, hours: Number(hours) } : ban)) byId('ban').reset();
});
on('season-start', 'click', () => {
  const next = state.season.id + 1;
  const asked = 'Begin season ' + next + ' now? Everybody starts again, with the bonus of their division and rank. ' +
    'This cannot be taken back.';
  if (confirm(asked)) order('POST', 'season/start', { season: next });
});
on('event', 'submit', () => order('POST', 'event/start', {
  event: byId('event-name').value, hours: Number(byId('event-hours').value),
}));
on('event-stop', 'click', () => order('POST', 'event/stop'));

// The connection

function watch() {
  stream = new EventSource('/api/v1/live');
  stream.addEventListener('session', (event) => {
    clockAhead = JSON.parse(event.data).now - Date.now() / 1000;
    byId('connection').textContent = 'live';
    byId('connection').className = 'live';
  });
  stream.addEventListener('state', (event) => {
    state = JSON.parse(event.data);
    show();
  });
  stream.addEventListener('history', (event) => showCharts(JSON.parse(event.data)));
  stream.addEventListener('error', () => {
    byId('connection').textContent = 'not connected; trying again';
    byId('connection').className = '';
  });
}

async function start() {
  if (stream) stream.close();
  let session;
  try {
    session = await ask('GET', 'session');
  } catch (error) {
    byId('connection').textContent = 'refused';
    return tell(error.message);
  }
  const operator = session.access === 'operator';
  document.body.classList.toggle('operator', operator);
  byId('login').hidden = operator;
  byId('logout').hidden = !operator;
  byId('main').hidden = session.access === 'public';
  if (session.access === 'public') {
    byId('connection').textContent = 'log in to see the server';
    return;
  }
  if (operator) {
    const names = (await ask('GET', 'events')).map((name) => element('option', name));
    byId('event-name').replaceChildren(...names);
    await showOperators();
  }
  watch();
}

setInterval(tick, 1000);
start();
