'use strict';
// Shows times in the visitor's time zone, and keeps the live part of a page up to date.

const PERIOD = 10_000;

function left(milliseconds) {
  const minutes = Math.round(milliseconds / 60_000);
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.round(minutes / 1440)} days`;
}

function localTimes(root) {
  const form = new Intl.DateTimeFormat([], { dateStyle: 'medium', timeStyle: 'short' });
  for (const element of root.querySelectorAll('time')) {
    const moment = new Date(element.dateTime);
    const ahead = moment - Date.now();
    element.textContent = form.format(moment) + (ahead > 0 ? ` (in ${left(ahead)})` : '');
  }
}

// Turns the table from UTC to the visitor's hours of the week.
function localWeek(root) {
  const table = root.querySelector('#week');
  if (!table) return;
  const week = table.dataset.week.split(',').map(Number);
  const most = Math.max(...week);
  const offset = Math.round(new Date().getTimezoneOffset() / 60);
  table.querySelector('caption span').textContent = Intl.DateTimeFormat().resolvedOptions().timeZone;
  table.querySelectorAll('tbody tr').forEach((row, hour) => {
    row.querySelectorAll('td').forEach((cell, day) => {
      const tenths = week[(day * 24 + hour + offset + 168) % 168];
      cell.textContent = Math.round(tenths / 10);
      cell.className = `shade${Math.ceil(tenths * 5 / most)}`;
    });
  });
}

function localise(root) {
  localTimes(root);
  localWeek(root);
}

async function refresh() {
  const part = document.querySelector('[data-live]');
  if (!part || document.hidden) return;
  try {
    const response = await fetch(part.dataset.live);
    if (!response.ok) return;
    // The server has escaped all text in it, as in the page itself.
    const fresh = new DOMParser().parseFromString(await response.text(), 'text/html').querySelector('[data-live]');
    if (!fresh) return;
    const details = part.querySelector('details');
    if (details && fresh.querySelector('details')) fresh.querySelector('details').open = details.open;
    localise(fresh);
    // What has not changed stays, with the visitor's focus and selection.
    if (fresh.innerHTML !== part.innerHTML && !part.contains(document.activeElement)) part.replaceChildren(...fresh.childNodes);
  } catch {
    // The next one may get through.
  }
}

localise(document);
if (document.querySelector('[data-live]')) {
  setInterval(refresh, PERIOD);
  document.addEventListener('visibilitychange', refresh);
}
