// The ways to a new phone that begin on the waiting screen: after a code has let
// somebody in, and by a backup address or answers where there is no code either.
import { rest, write } from '../page/text.mjs';
import { recoverByEmail } from './recovery-email.mjs';
import { recoverByQuestions } from './recovery-questions.mjs';
import { Steps } from './steps.mjs';

const byID = (id) => document.getElementById(id);

// waysOf says what is offered beside a sign-in: {open, email, questions}. open is
// whether the ways are shown at all, which they are to who has no phone here.
export function waysOf(state, phoneless, over) {
  const offers = state?.recovery_offers ?? [];
  return { open: phoneless && !over, email: offers.includes('email'), questions: offers.includes('questions') };
}

// afterReload is what comes back when the page is loaded again: "shown" for the
// step that was on the screen (whoever reads mail on this very device comes back
// so), "begun" for the one that was chosen on the page before, else "".
export function afterReload(first, step, mailFirst) {
  if (!waysOf(first).email) return '';
  if (step === 'email') return 'shown';
  return mailFirst ? 'begun' : '';
}

// notBegun is the sentence for a new phone that could not be begun after a code.
export function notBegun(words, err) {
  const keys = { 'fresh-approval-needed': 'waiting.new-phone.spent', 'person-locked': 'waiting.new-phone.locked' };
  return words.text(keys[err.kind] ?? 'page.offline');
}

// waysToANewPhone brings them to life. memory is where a step is kept over a reload,
// call(method, path, body) asks the server about this sign-in, again shows the
// sign-in. It gives show(state, phoneless, over); resume(first, mailFirst), for the
// first state that is heard; and holds(view), as Steps has it.
export function waysToANewPhone({ words, memory, call, again }) {
  const steps = new Steps(words, memory, again);
  const byEmail = recoverByEmail({ words, steps, call });
  const byQuestions = recoverByQuestions({ words, steps, call });
  let hint = '';

  byID('way-email').addEventListener('click', () => byEmail.start(hint, byID('way-email')));
  byID('way-questions').addEventListener('click', () => byQuestions(byID('way-questions')));
  byID('new-phone').addEventListener('click', begin);

  async function begin() {
    byID('new-phone').disabled = true;
    byID('new-phone-trouble').hidden = true;
    try {
      const { recovery_url: there } = await call('POST', 'recovery');
      location.assign(there);
    } catch (err) {
      byID('new-phone-trouble').textContent = notBegun(words, err);
      byID('new-phone-trouble').hidden = false;
      rest(byID('new-phone'));
    }
  }

  return {
    show(state, phoneless, over) {
      const { open, email, questions } = waysOf(state, phoneless, over);
      hint = state?.email_hint;
      byID('ways').hidden = !open;
      byID('way-email').hidden = !email;
      write(byID('way-email-words'), words.parts('waiting.ways.email', { address: hint }));
      byID('way-questions').hidden = !questions;
      byID('ways-line').hidden = !email && !questions;
    },
    resume(first, mailFirst) {
      const how = afterReload(first, steps.kept, mailFirst);
      if (how === 'shown') byEmail.resume(first.email_hint);
      if (how === 'begun') byEmail.start(first.email_hint, byID('way-email'));
    },
    holds: (view) => steps.holds(view),
  };
}
