
// The views, each at an address of its own

const VIEWS = ['now', 'players', 'matches', 'results', 'leaderboard', 'season', 'moderation', 'settings', 'log', 'audit', 'system', 'operators'];

function address() {
  const [path, query = ''] = location.hash.replace(/^#\/?/, '').split('?');
  const [view, id] = path.split('/');
  return { view: VIEWS.includes(view) ? view : 'now', id: id || null, query };
}

let shownAt; // the address of the view, without a query
function route() {
  const { view, id } = address();
  const shown = view === 'players' && id !== null ? 'player' : view;
  for (const section of document.querySelectorAll('.view')) section.hidden = section.id !== 'view-' + shown;
  for (const link of document.querySelectorAll('#sections a')) {
    if (link.hash === '#/' + view) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  const heading = document.querySelector('#view-' + shown + ' h2');
  document.title = heading.textContent + ' \u00b7 mmcos';
  const before = shownAt;
  shownAt = view + '/' + id;
  if (before !== undefined && before !== shownAt) {
    tidy(0);
    scrollTo(0, 0);
    // A screen reader reads the title of the view.
    heading.focus({ preventScroll: true });
  }
  refreshView();
}

let playerAt = 0; // milliseconds
function refreshView() {
  if (!document.body.classList.contains('operator')) return;
  const { view, id } = address();
  if (view === 'players' && id !== null) {
    playerAt = Date.now();
    showPlayer(id);
  } else {
    shownLists[view]?.show();
  }
}

addEventListener('hashchange', route);
on('skip', 'click', () => byId('main').focus());
for (const place of document.querySelectorAll('.zone')) place.textContent = ZONE;

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
    if (session.access !== 'operator') return sessionEnded();
    if (!stream || stream.readyState === EventSource.CLOSED) watch();
    else if (isLive) asOf = new Date();
    if (!byId('checklist').hidden) await showChecklist();
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
    const names = await ask('GET', 'events');
    for (const select of [byId('event-name'), byId('plan-event')]) {
      const own = select.querySelectorAll('[value=""]').length;
      for (const name of names.slice(select.options.length - own)) select.append(element('option', name));
    }
    await Promise.all([showOperators(), showChecklist()]);
  } catch (error) {
    tell(error.message);
  }
  route();
  watch();
}

setInterval(tick, 1000);
setInterval(check, 10_000);
start();
