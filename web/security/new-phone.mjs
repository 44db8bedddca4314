// A new phone on the security page: what it takes the place of, and what may
// confirm it.
import { choice } from '../forms/choice.mjs';
import { ways } from './view.mjs';

const byID = (id) => document.getElementById(id);

// placesOf gives what a new phone can take the place of, as [value, name], and the
// value that is chosen until the person says otherwise: their only phone, else none
// of them ("").
export function placesOf(words, phones) {
  const places = phones.map((p) => [p.id, p.name]);
  if (phones.length > 1) places.push(['all', words.text('security.new-phone.all')]);
  places.push(['', words.text('security.new-phone.none')]);
  return { places, likely: phones.length === 1 ? phones[0].id : '' };
}

// replacing is the change to a new phone in such a place.
export function replacing(which) {
  if (which === 'all') return { kind: 'replace_phones' };
  return which ? { kind: 'replace_phone', phone_id: which } : { kind: 'add_phone' };
}

// showNewPhone draws both. What the person has chosen stays as long as there is the
// same to choose from.
export function showNewPhone(words, state) {
  const { places, likely } = placesOf(words, state.phones);
  const known = [...byID('choices').querySelectorAll('input')].map((box) => box.value).join();
  byID('which').hidden = state.phones.length === 0;
  if (known !== places.map(([value]) => value).join()) {
    byID('choices').replaceChildren(...places.map(([value, name]) => choice(name, { type: 'radio', name: 'replaces', value, checked: value === likely })));
  }
  const by = ways(words, state);
  byID('by-phone').hidden = !by.phone;
  byID('by-code').hidden = by.code.length === 0;
  byID('by-code').querySelector('button').classList.toggle('primary', !by.phone);
  byID('by-code-line').textContent = by.code.join(' ');
  byID('by-mail').hidden = by.mail === '';
  byID('by-mail-line').textContent = by.mail;
}

// choose takes a phone's place for the person.
export function choose(phone) {
  const box = byID('choices').querySelector(`input[value="${CSS.escape(phone)}"]`);
  if (box) box.checked = true;
}

// chosen is the change that the person has chosen.
export const chosen = () => replacing(byID('choices').querySelector('input:checked')?.value ?? '');
