// A backup address on a page: the address, then the code that was sent there. The
// markup is email.html.
import { rest, write } from '../page/text.mjs';

const byID = (id) => document.getElementById(id);

const refusals = {
  'email-refused': 'forms.email.same', 'invalid-request': 'forms.email.shape', 'too-many-emails': 'forms.email.many', unavailable: 'forms.email.unsent',
};
const codeRefusals = { 'code-wrong': 'forms.email.wrong', 'code-expired': 'forms.email.expired', 'codes-blocked': 'forms.email.blocked' };

// emailForms brings both forms to life. send(address) asks the server for a code
// there, confirm(code) brings one back; both throw Problems, for which more may
// name sentences by their kind. It gives sent(address), which says where a code
// went, and again(button), which has another one sent.
export function emailForms(words, { send, confirm, more = {} }) {
  let address = '';

  async function attempt(button, known, action) {
    button.disabled = true;
    try {
      await action();
      return '';
    } catch (err) {
      return { ...known, ...more }[err.kind] ?? 'page.offline';
    } finally {
      rest(button);
    }
  }

  byID('email-form').addEventListener('submit', async (event) => {
    event.preventDefault();
    address = byID('email').value.trim();
    refuse('email', address.includes('@') ? '' : 'forms.email.shape');
    if (address.includes('@')) refuse('email', await attempt(byID('email-send'), refusals, () => send(address)));
  });

  byID('email-confirm').addEventListener('submit', async (event) => {
    event.preventDefault();
    const code = byID('email-code').value.normalize('NFKC').replace(/[\s\p{Pd}]/gu, '');
    if (!/^[0-9]{6}$/.test(code)) return refuse('email-code', 'forms.email.empty');
    refuse('email-code', '');
    refuse('email-code', await attempt(byID('email-done'), codeRefusals, () => confirm(code)));
  });

  for (const id of ['email', 'email-code']) byID(id).addEventListener('input', () => refuse(id, ''));

  function refuse(id, key) {
    const note = byID(`${id}-refused`);
    note.hidden = key === '';
    note.textContent = words.text(key);
    byID(id).setAttribute('aria-invalid', String(key !== ''));
    if (key) byID(id).focus();
  }

  return {
    sent(to) {
      byID('email-code').value = '';
      write(byID('email-sent'), words.parts('forms.email.sent', { address: to }));
    },
    async again(button) {
      refuse('email-code', await attempt(button, refusals, () => send(address)));
    },
  };
}
