
// Lists that the server searches, filters, sorts and cuts into pages

const PAGE = 50; // rows
const LIVE = 3000; // milliseconds between two updates

const shownLists = {}; // by view

// Makes the tools, the table and the pages of a list. `columns` have a title, perhaps the server's name to sort by, and whether
// they are hidden on phones. A list that is not `live` keeps its rows until the operator updates it.
function serverList(view, { path, filters = [], columns, what, defaults = {}, table: id, label, live = true, ...how }) {
  const place = byId(view + '-list');
  const tools = element('form', undefined, { class: 'tools', role: 'search', 'aria-label': label });
  const search = element('input', undefined, { id: view + '-search', type: 'search', autocomplete: 'off' });
  tools.append(element('label', 'Search', { for: search.id }), search);
  const filter = element('select', undefined, { id: view + '-filter' });
  for (const [value, text] of filters) filter.append(element('option', text, { value }));
  if (filters.length) tools.append(element('label', 'Show', { for: filter.id }), filter);
  if (!live) {
    const update = element('button', 'Update', { type: 'button' });
    update.addEventListener('click', () => show());
    tools.append(update);
  }
  const scroll = element('div', undefined, { class: 'scroll tall', role: 'region', 'aria-label': label, tabindex: '0' });
  const table = element('table', undefined, { id, class: how.actions ? 'steady' : 'fixed' });
  const heads = element('tr');
  for (const column of columns) {
    const head = element('th', undefined, { scope: 'col', ...(column.minor && { class: 'minor' }) });
    if (column.sort) {
      const sort = element('button', column.title, { type: 'button', class: 'sort' });
      sort.addEventListener('click', () => {
        const { sort: by, order } = selection();
        choose({ sort: column.sort, order: by === column.sort && order === first(column) ? other(order) : first(column), start: 0 });
      });
      head.append(sort);
    } else {
      head.textContent = column.title;
    }
    heads.append(head);
  }
  const pages = element('nav', undefined, { class: 'pages', 'aria-label': 'Pages: ' + label });
  const count = element('span', '', { role: 'status', 'aria-atomic': 'true' });
  const turn = (text, by) => {
    const made = element('button', text, { type: 'button' });
    made.addEventListener('click', () => choose({ start: Math.max(0, selection().start + by * PAGE) }));
    return made;
  };
  const [before, after] = [turn('Previous', -1), turn('Next', 1)];
  pages.append(before, count, after);
  table.append(element('thead'), element('tbody'));
  table.tHead.append(heads);
  scroll.append(table);
  place.append(tools, scroll, pages);

  const first = ({ sort, descending }) => (descending ? 'desc' : 'asc');
  const other = (order) => (order === 'asc' ? 'desc' : 'asc');

  const basic = { search: '', filter: filters[0]?.[0] || '', sort: '', start: 0, ...defaults };

  // Returns the selection in the address.
  function selection() {
    const wanted = { ...basic };
    for (const [name, value] of new URLSearchParams(address().query)) if (name in wanted || name === 'order') wanted[name] = value;
    wanted.start = Number(wanted.start) || 0;
    const column = columns.find(({ sort }) => sort && sort === wanted.sort);
    return { order: column ? first(column) : '', ...wanted };
  }

  // Puts a changed selection into the address. Without `keeps`, the way back leads to the one before.
  function choose(changed, keeps = false) {
    const query = new URLSearchParams();
    const wanted = { ...selection(), ...changed };
    const column = columns.find(({ sort }) => sort && sort === wanted.sort);
    const usual = { ...basic, order: column && first(column) };
    for (const [name, value] of Object.entries(wanted)) {
      if (String(value) !== String(usual[name])) query.set(name, value);
    }
    const hash = '#/' + view + (String(query) && '?' + query);
    if (keeps) {
      history.replaceState(null, '', hash);
      route();
    } else {
      location.hash = hash;
    }
  }

  let typing;
  search.addEventListener('input', () => {
    clearTimeout(typing);
    typing = setTimeout(() => choose({ search: search.value, start: 0 }, true), 300);
  });
  filter.addEventListener('change', () => choose({ filter: filter.value, start: 0 }));
  tools.addEventListener('submit', (event) => {
    event.preventDefault();
    clearTimeout(typing);
    choose({ search: search.value, start: 0 }, true);
  });

  let shown = null; // the query of the rows
  let updatedAt = 0;
  async function show() {
    const wanted = selection();
    const query = String(new URLSearchParams(Object.entries(wanted).filter(([, value]) => value !== '')));
    updatedAt = Date.now();
    if (document.activeElement !== search) search.value = wanted.search;
    filter.value = wanted.filter;
    let page;
    try {
      page = await ask('GET', path + '?' + query);
    } catch (error) {
      if (error.status === 401) sessionEnded();
      else tell(error.message);
      return;
    }
    // Another selection may have been made meanwhile.
    if (JSON.stringify(wanted) !== JSON.stringify(selection()) || address().view !== view) return;
    if (query !== shown) {
      clear(id);
      scroll.scrollTop = 0;
    }
    shown = query;
    for (const [index, column] of columns.entries()) {
      const head = heads.cells[index];
      if (column.sort === wanted.sort) head.setAttribute('aria-sort', wanted.order === 'desc' ? 'descending' : 'ascending');
      else head.removeAttribute('aria-sort');
    }
    const isFiltered = wanted.search !== '' || wanted.filter !== (filters[0]?.[0] || '');
    const none = wanted.search ? ['Nothing found. ', { link: 'Show all', href: '#/' + view + (filters.length ? '?filter=all' : '') }] : how.nothing(wanted.filter, isFiltered);
    rows(id, page.rows, { ...how, nothing: none });
    const last = wanted.start + page.rows.length;
    const some = page.rows.length ? (wanted.start + 1).toLocaleString() + '\u2013' + last.toLocaleString() + ' of ' : '';
    const when = live ? '' : ', as of ' + new Date().toLocaleTimeString();
    setText(count, some + page.total.toLocaleString() + ' ' + what + when);
    before.disabled = wanted.start === 0;
    after.disabled = last >= page.total;
  }

  shownLists[view] = {
    show,
    refresh: () => live && Date.now() - updatedAt >= LIVE && show(),
  };
}
