// Tables

const lists = new Map(); // by table: the rows by key

// Shows items as rows. A row and its buttons always belong to one key. The server sends only the first items; `count` is the
// number of all.
//
// Without a key, a row belongs to a place: its contents change, and no row moves. In a steady table nothing moves either: new
// rows are added at the end, and a row without its item stays, grey, until the page has not been touched for a while.
function rows(id, items, { key = (item, place) => place, cells, actions, nothing, count = items.length }) {
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
    note.append(element('td', undefined, { colspan: steady ? 3 : heads.filter((head) => !head.classList.contains('minor')).length, class: 'quiet' }));
    body.append(note);
  }
  const present = new Set();
  let place = body.firstElementChild;
  for (const [index, item] of items.entries()) {
    const name = String(key(item, index));
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
    // A wrapped row keeps its height when a text gets shorter, or the rows below would move.
    if (row.offsetHeight > (row.least || 0)) {
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
  fill(note.firstElementChild, items.length === 0 ? nothing : count > items.length ? 'and ' + (count - items.length) + ' more' : '');
  keepOneTabStop(table);
}

let touchedAt = 0;
for (const kind of ['pointermove', 'pointerdown', 'wheel', 'keydown', 'focusin', 'scroll']) {
  addEventListener(kind, () => { touchedAt = Date.now(); }, { capture: true, passive: true });
}

// Removes all rows, to show another list.
function clear(id) {
  for (const row of lists.get(id)?.values() || []) row.remove();
  lists.delete(id);
}

// Removes rows whose items went long ago: after a minute, or ten while the page is in use.
function tidy(age = Date.now() - touchedAt < 30_000 ? 600_000 : 60_000) {
  for (const [id, known] of lists) {
    for (const [name, row] of known) {
      if (!row.goneAt || Date.now() - row.goneAt < age) continue;
      row.remove();
      known.delete(name);
    }
    keepOneTabStop(byId(id));
  }
}

const STOPS = 'td :is(a, button)';

// The body of a table is one tab stop; the arrow keys lead from link to link and from button to button.
function keepOneTabStop(table, stop) {
  const stops = table.querySelectorAll(STOPS);
  const current = stop || table.querySelector('td :is(a, button)[tabindex="0"]') || stops[0];
  for (const other of stops) other.tabIndex = other === current ? 0 : -1;
}

addEventListener('focusin', ({ target }) => {
  if (target.matches(STOPS)) keepOneTabStop(target.closest('table'), target);
});
addEventListener('keydown', (event) => {
  const stop = event.target;
  if (!(stop instanceof HTMLElement) || !stop.matches(STOPS)) return;
  const row = stop.closest('tr');
  const own = [...row.querySelectorAll(STOPS)];
  const index = own.indexOf(stop);
  // Below, the same place; in a shorter row, the last.
  const beside = (other) => [...(other?.querySelectorAll(STOPS) || [])].slice(0, index + 1).pop();
  const next = {
    ArrowUp: () => beside(row.previousElementSibling),
    ArrowDown: () => beside(row.nextElementSibling),
    ArrowLeft: () => own[index - 1],
    ArrowRight: () => own[index + 1],
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

