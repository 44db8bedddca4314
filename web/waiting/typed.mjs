// The field for a code on the waiting screen: what is typed there is sent, and a
// refusal is said beside it, with the wait for the next code of an app.
import { askJSON, Problem } from '../page/server.mjs';
import { rest, say } from '../page/text.mjs';
import { awaits, nextCode, nextCodeIn, read, refusal } from './code.mjs';

const byID = (id) => document.getElementById(id);

// codeField brings it to life. address and token are the sign-in's; now() gives its
// {words, state, serverTime}; taken(state) is told what came of a code, and over()
// that the sign-in had ended. It gives clear(), which takes back a refusal, and
// tick(), to be called a few times a second.
export function codeField({ address, token, now, taken, over }) {
  let nextAt = null; // when apps show another code

  byID('typed').addEventListener('input', clear);

  byID('code').addEventListener('submit', async (event) => {
    event.preventDefault();
    const typed = byID('typed').value;
    const code = read(typed);
    if (!code) return refuse({ headline: '', line: now().words.text(typed.trim() ? 'waiting.code.shape' : 'waiting.code.empty') });
    byID('send').disabled = true;
    try {
      taken(await askJSON(`${address}/code`, token, { method: 'POST', body: { code } }));
    } catch (err) {
      refused(err, code);
    } finally {
      rest(byID('send'));
    }
  });

  function refused(err, code) {
    const problem = err instanceof Problem ? err : new Problem('offline');
    if (problem.kind === 'approval-settled') return over();
    const { words, state, serverTime } = now();
    refuse(refusal(words, problem, code, state?.next === 'wait', state));
    if (awaits(problem, code)) {
      nextAt = performance.now() + nextCodeIn(serverTime);
      tick();
    }
    if (problem.kind === 'code-wrong' || problem.kind === 'code-used') byID('typed').select();
    byID('typed').focus();
  }

  function refuse(why) {
    byID('next-code').hidden = true;
    nextAt = null;
    byID('refused').hidden = !why;
    byID('typed').setAttribute('aria-invalid', String(Boolean(why)));
    byID('refused-headline').hidden = !why?.headline;
    byID('refused-headline').textContent = why?.headline ?? '';
    byID('refused-line').textContent = why?.line ?? '';
  }

  function clear() {
    refuse(null);
  }

  // tick counts down, unheard, to the next code of an app, and says aloud that it is
  // there.
  function tick() {
    if (nextAt === null) return;
    const left = nextAt - performance.now();
    const sentence = nextCode(now().words, left);
    byID('next-code').textContent = sentence;
    byID('next-code').hidden = false;
    if (left > 0) return;
    nextAt = null;
    say(byID('polite'), sentence);
  }

  return { clear, tick };
}
