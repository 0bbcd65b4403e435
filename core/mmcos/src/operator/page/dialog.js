// Questions with fields

// Asks for values in a dialog, above the page. Returns them by the names of the fields, or null if the operator cancels. `text` is
// a list of paragraphs.
function askFor({ title, text = [], fields = [], act, danger = false }) {
  const [dialog, form] = [byId('dialog'), byId('dialog').firstElementChild];
  setText(byId('dialog-title'), title);
  byId('dialog-text').replaceChildren(...text.map((paragraph) => element('p', paragraph)));
  byId('dialog-fields').replaceChildren(...fields.flatMap(({ name, label, choices, ...attributes }) => {
    const input = element(choices ? 'select' : 'input', undefined, { id: 'dialog-' + name, name, autocomplete: 'off', ...attributes });
    for (const [value, words] of choices || []) input.append(element('option', words, { value }));
    return [element('label', label, { for: input.id }), input];
  }));
  const yes = byId('dialog-act');
  setText(yes, act);
  yes.className = danger ? 'danger' : '';
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      resolve(dialog.returnValue === 'act' ? Object.fromEntries(new FormData(form)) : null);
    }, { once: true });
  });
}

on('dialog-cancel', 'click', () => byId('dialog').close());
