'use strict';

// Text that a player chose, such as a name, reaches the page only as textContent. The files of this folder are served as one.

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

function on(id, name, act) {
  byId(id).addEventListener(name, (event) => {
    event.preventDefault();
    act();
  });
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
    refreshView();
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
const named = (player) => ({ name: player.name, id: player.steam_id, href: '#/players/' + player.user_id });

// Returns the element of this kind that is there, or a new one.
const reused = (kind, old) => (old instanceof HTMLElement && old.localName === kind ? old : element(kind));

function nameNode({ name, id, href }, old) {
  const node = reused(href ? 'a' : 'bdi', old);
  if (href && node.getAttribute('href') !== href) node.setAttribute('href', href);
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
  const node = reused('time', old);
  node.dateTime = new Date(moment * 1000).toISOString();
  node.dataset.since = moment;
  node.toggleAttribute('data-short', short);
  setText(node, passed(node));
  return node;
}

// All times are those of this zone.
const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone || 'your time zone';

const date = (moment) =>
  new Date(moment * 1000).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const clock = (moment) =>
  new Date(moment * 1000).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });

// A moment as date and time.
const at = (moment) => ({ at: moment });

function atNode({ at: moment }, old) {
  const node = reused('time', old);
  delete node.dataset.since;
  node.dateTime = new Date(moment * 1000).toISOString();
  node.title = node.dateTime;
  setText(node, date(moment));
  return node;
}

function linkNode({ link, href }, old) {
  const node = reused('a', old);
  if (node.getAttribute('href') !== href) node.setAttribute('href', href);
  node.className = '';
  setText(node, link);
  return node;
}

function partNode(part, old) {
  if (part.since !== undefined) return sinceNode(part, old);
  if (part.at !== undefined) return atNode(part, old);
  return part.link === undefined ? nameNode(part, old) : linkNode(part, old);
}

// Puts a text, a name, a moment, a link, or a list of these into an element, and reuses its nodes.
function fill(parent, contents) {
  const parts = [contents].flat();
  parts.forEach((part, index) => {
    const old = parent.childNodes[index];
    let node;
    if (part !== null && typeof part === 'object') {
      node = partNode(part, old);
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

