// Another name for a phone: a form in the place of what can be done with it.
import { write } from '../page/text.mjs';

// renaming opens it. button is the phone's own, name what the phone is called now;
// save(button, name) begins the change, closed draws the page as it was before.
export function renaming(words, button, name, save, closed) {
  const li = button.closest('.thing');
  const form = document.getElementById('rename').content.firstElementChild.cloneNode(true);
  const input = form.querySelector('input');
  input.id = `name-${button.dataset.id}`;
  input.value = name;
  form.querySelector('label').htmlFor = input.id;
  write(form.querySelector('label'), words.parts('security.rename.label', { name }));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const fresh = input.value.trim();
    const note = form.querySelector('.note');
    note.hidden = fresh !== '';
    note.textContent = fresh ? '' : words.text('security.rename.empty');
    input.setAttribute('aria-invalid', String(fresh === ''));
    if (fresh === '') return input.focus();
    if (fresh === name) return unnamed(form, closed);
    return save(form.querySelector('[type="submit"]'), fresh);
  });
  form.addEventListener('keydown', (event) => { if (event.key === 'Escape') unnamed(form, closed); });
  li.querySelector('.acts').hidden = true;
  li.append(form);
  input.select();
}

// unnamed closes it without a change.
export function unnamed(form, closed) {
  const li = form.closest('.thing');
  form.remove();
  li.querySelector('.acts').hidden = false;
  li.querySelector('[data-do="rename"]').focus();
  closed();
}
