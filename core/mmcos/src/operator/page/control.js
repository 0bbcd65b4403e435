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

const planned = ({ maintenance, message, event }) =>
  [[maintenance && 'maintenance', message].filter(Boolean).join(': '), event && 'event ' + event].filter(Boolean).join('; ');

async function showPlans() {
  rows('plans', await ask('GET', 'plans'), {
    key: (plan) => plan.number,
    cells: (plan) => [at(plan.from), [at(plan.until), plan.on ? ' (now)' : ''], planned(plan)],
    actions: (plan) => [button('Remove', 'Remove the plan ' + planned(plan()), () => {
      if (!confirm('Remove the plan “' + planned(plan()) + '”? If it is on, it ends.')) return;
      command('DELETE', 'plans/' + plan().number, undefined, 'Removed a plan.');
    }, 'danger admin')],
    nothing: 'Nothing is planned.',
  });
}

async function showOperators() {
  if (document.body.dataset.role === 'admin') showAdmins().catch(() => {});
  showPlans().catch(() => {});
  (await ask('GET', 'settings')).forEach(showSetting);
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
on('plan', 'submit', async () => {
  const [from, until] = ['from', 'until'].map((name) => new Date(byId('plan-' + name).value).getTime() / 1000);
  const message = byId('plan-message').value;
  const maintenance = byId('plan-logins').value === 'maintenance';
  const event = byId('plan-event').value;
  const plan = { from, until, maintenance, ...(message && { message }), ...(event && { event }) };
  if (!(await command('POST', 'plans', plan, 'Planned ' + planned(plan) + '.'))) return;
  for (const name of ['from', 'until', 'message', 'event']) byId('plan-' + name).value = '';
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
      'For a day this can be undone, without the points won meanwhile.', 'Season ' + season + ' has begun.']
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
on('season-undo', 'click', () => {
  if (!state || state.season.undo_to === null) return;
  const { id, undo_to: season } = state.season;
  const asked = 'Undo season ' + id + ' and go on with season ' + season + '? All players get back their points from before it.';
  if (!confirm(asked)) return;
  command('POST', 'season/undo', { season }, 'Season ' + season + ' goes on.');
});
on('backup', 'click', () =>
  command('POST', 'backup', undefined, 'Copying the store to the folder \u201cbackups\u201d of the data directory. The program\u2019s log says when it is done.'));
on('event', 'submit', () => {
  const [event, hours] = [byId('event-name').value, Number(byId('event-hours').value)];
  command('POST', 'event/start', { event, hours }, 'Started the event ' + event + ' for ' + hours + ' h.');
});
on('event-stop', 'click', () => {
  if (confirm('Stop the current event?')) command('POST', 'event/stop', undefined, 'Stopped the event.');
});

