// The step of set-up in which a person gives a backup address: the address, then
// the code that was sent there.
import { write } from '../page/text.mjs';

const byID = (id) => document.getElementById(id);

const refusals = {
  'email-refused': 'setup.email.same', 'invalid-request': 'setup.email.shape', 'too-many-emails': 'setup.email.many',
  unavailable: 'setup.email.unsent', 'pairing-settled': 'setup.further.late',
};
const codeRefusals = {
  'code-wrong': 'setup.email.wrong', 'code-expired': 'setup.email.expired', 'codes-blocked': 'setup.app.blocked',
  'pairing-settled': 'setup.further.late',
};

// setUpEmail brings the step to life. page has words; call(method, path, body),
// which asks the server; heard(state); go(place).
export function setUpEmail(page) {
  const { words } = page;
  let address = '';

  async function send(button, to) {
    button.disabled = true;
    try {
      await page.call('POST', 'email', { address: to, language: document.documentElement.lang });
      address = to;
      byID('email-code').value = '';
      write(byID('email-sent'), words.parts('setup.email.sent', { address }));
      page.go('emailCode');
      return '';
    } catch (err) {
      return refusals[err.kind] ?? 'page.offline';
    } finally {
      button.disabled = false;
    }
  }

  byID('email-form').addEventListener('submit', async (event) => {
    event.preventDefault();
    const to = byID('email').value.trim();
    refuse('email', to.includes('@') ? '' : 'setup.email.shape');
    if (to.includes('@')) refuse('email', await send(byID('email-send'), to));
  });

  byID('email-again').addEventListener('click', async () => {
    refuse('email-code', await send(byID('email-again'), address));
  });

  byID('email-confirm').addEventListener('submit', async (event) => {
    event.preventDefault();
    const code = byID('email-code').value.normalize('NFKC').replace(/[\s\p{Pd}]/gu, '');
    if (!/^[0-9]{6}$/.test(code)) return refuse('email-code', 'setup.email.empty');
    refuse('email-code', '');
    byID('email-done').disabled = true;
    try {
      page.heard(await page.call('POST', 'email/confirm', { code }));
      page.go('done');
    } catch (err) {
      refuse('email-code', codeRefusals[err.kind] ?? 'page.offline');
    } finally {
      byID('email-done').disabled = false;
    }
  });

  byID('email-other').addEventListener('click', () => page.go('email'));
  for (const id of ['email', 'email-code']) byID(id).addEventListener('input', () => refuse(id, ''));

  function refuse(id, key) {
    const note = byID(`${id}-refused`);
    note.hidden = key === '';
    note.textContent = words.text(key);
    byID(id).setAttribute('aria-invalid', String(key !== ''));
    if (key) byID(id).focus();
  }
}
