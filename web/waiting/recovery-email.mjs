// The way to a new phone by a code that is sent to the backup address.
import { rest } from '../page/text.mjs';

const byID = (id) => document.getElementById(id);

// recoverByEmail brings the step to life. page has words, steps, and
// call(method, path, body), which asks the server about this sign-in. It gives
// what begins the step: start(address) sends a code, resume(address) does not.
export function recoverByEmail({ words, steps, call }) {
  let hint = '';

  async function send(button, done) {
    button.disabled = true;
    try {
      await call('POST', 'recovery/email');
      done();
    } catch (err) {
      refuse(err.kind === 'too-many-emails' ? words.text('waiting.step.email.many') : steps.why(err));
    } finally {
      rest(button);
    }
  }

  byID('mailed-again').addEventListener('click', () => {
    refuse('');
    send(byID('mailed-again'), () => { byID('mailed-said').textContent = words.text('waiting.resent'); });
  });

  byID('mailed').addEventListener('submit', (event) => {
    event.preventDefault();
    const code = byID('mailed-code').value.normalize('NFKC').replace(/[\s\p{Pd}]/gu, '');
    if (!/^[0-9]{6}$/.test(code)) return refuse(words.text('waiting.step.email.empty'));
    refuse('');
    const begin = () => call('POST', 'recovery/email/confirm', { code });
    return steps.goOn(byID('mailed-send'), begin, (err) => {
      const keys = { 'code-wrong': 'waiting.step.email.wrong', 'code-expired': 'waiting.step.email.expired' };
      refuse(keys[err.kind] ? words.text(keys[err.kind]) : steps.why(err));
      byID('mailed-code').select();
    });
  });

  byID('mailed-code').addEventListener('input', () => refuse(''));

  function refuse(sentence) {
    byID('mailed-said').textContent = '';
    byID('mailed-refused').hidden = sentence === '';
    byID('mailed-refused').textContent = sentence;
    byID('mailed-code').setAttribute('aria-invalid', String(sentence !== ''));
  }

  function open() {
    refuse('');
    byID('mailed-code').value = '';
    steps.open('email', { address: hint });
  }

  return {
    start(address, button) {
      hint = address;
      // What goes wrong is said in the step, where the way back is.
      open();
      return send(button, () => {});
    },
    resume(address) {
      hint = address;
      open();
    },
  };
}
