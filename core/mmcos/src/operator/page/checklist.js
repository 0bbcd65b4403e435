// The first-run checklist. An operator can hide it, in this browser; done, it hides itself.

const HIDDEN = 'mmcos-checklist';
let shownChecks = ''; // as JSON

async function showChecklist() {
  const wanted = localStorage.getItem(HIDDEN);
  const checks = wanted === 'yes' ? [] : await ask('GET', 'checklist');
  byId('checklist').hidden = wanted !== 'no' && checks.every(({ done }) => done);
  // Rebuilt only after a change, so that a selection stays.
  const found = JSON.stringify(checks);
  if (found === shownChecks) return;
  shownChecks = found;
  // Commands stand between backticks.
  const marked = (text) => text.split('`').map((part, index) => (index % 2 ? element('code', part) : part));
  byId('checks').replaceChildren(...checks.map(({ about, done, text }) => {
    const line = element('li', undefined, { class: done ? 'done' : 'open' });
    line.append(done ? 'Done: ' : 'To do: ', element('b', about), ': ', ...marked(text));
    return line;
  }));
}

on('checklist-hide', 'click', () => {
  localStorage.setItem(HIDDEN, 'yes');
  byId('checklist').hidden = true;
  byId('now-title').focus();
});
on('checklist-show', 'click', async () => {
  localStorage.setItem(HIDDEN, 'no');
  await showChecklist().catch(() => {});
  location.hash = '#/now';
});

