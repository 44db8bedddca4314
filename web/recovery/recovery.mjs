// The way to a new phone: the wait, who can stop it, and the set-up. What is said
// stands in the catalogues, when in view.mjs.
import { choice } from '../forms/choice.mjs';
import { leadTo } from '../page/address.mjs';
import { copy } from '../page/copy.mjs';
import { askJSON, Problem } from '../page/server.mjs';
import { forget, take } from '../page/secret.mjs';
import { plain, rest, say, write } from '../page/text.mjs';
import { wordsOfPage } from '../page/words.mjs';
import { ended, nextLook, view } from './view.mjs';

const words = wordsOfPage();
const byID = (id) => document.getElementById(id);
const screen = byID('screen');
const id = location.pathname.split('/').pop();
const key = `countersign.recovery.${id}`;
const base = `${location.origin}${document.documentElement.dataset.base}`;
const address = `${base}/v1/recoveries/${id}`;
const token = take(key);
const hopeless = ['unauthorized', 'recovery-not-found', 'not-found'];

let state = null;
let shown = null;
let lost = token ? '' : 'no-secret';

function show() {
  const next = view(words, state, lost);
  const before = shown;
  shown = next;
  screen.dataset.kind = next.kind;
  write(byID('headline'), next.headline);
  write(byID('line'), next.line);
  write(byID('told'), next.told);
  write(byID('sooner'), next.sooner);
  leadTo(byID('back-to'), next.back, words.parts('page.back-to', { application: state?.application }));
  for (const section of screen.querySelectorAll('section')) section.hidden = section.dataset.on !== next.kind;
  if (next.kind === 'ready') choices();
  if (before?.kind !== next.kind) turn(next, before);
}

// turn is the page becoming another: its title, what is read out, the focus.
function turn(next, before) {
  document.title = plain(next.headline);
  trouble('');
  if (next.kind !== 'loading') say(byID(next.tone === 'alarm' ? 'assertive' : 'polite'), `${document.title}. ${plain(next.line)}`);
  if (before) byID('headline').focus({ preventScroll: true });
}

// choices are the phones that may be gone; what was ticked stays so. Whoever comes
// here has none at hand, so that each is ticked at first: one that was lost works no
// longer than it has to.
function choices() {
  const known = [...byID('choices').querySelectorAll('input')].map((box) => box.value);
  const phones = state.phones ?? [];
  byID('old').hidden = phones.length === 0;
  if (known.join() === phones.map((p) => p.id).join()) return;
  byID('choices').replaceChildren(...phones.map((p) => choice(p.name, { type: 'checkbox', value: p.id, checked: true })));
}

function trouble(sentence) {
  byID('trouble').textContent = sentence;
  byID('trouble').hidden = sentence === '';
}

// --- What comes in ---

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

async function follow() {
  let failures = 0;
  while (!lost && !ended(state)) {
    try {
      state = await askJSON(address, token, { signal: AbortSignal.timeout(20_000) });
      failures = 0;
    } catch (err) {
      failures += 1;
      if (hopeless.includes(err.kind)) giveUp(err.kind);
    }
    byID('banner').hidden = failures < 2;
    show();
    await pause(failures > 0 ? Math.min(15_000, 500 * 2 ** failures) : nextLook(state, Date.now()));
  }
}

function giveUp(kind) {
  lost = kind;
  forget(key);
}

// --- What the person does ---

byID('go').addEventListener('click', async () => {
  byID('go').disabled = true;
  trouble('');
  const remove = [...byID('choices').querySelectorAll('input:checked')].map((box) => box.value);
  try {
    const opened = await askJSON(`${address}/set-up`, token, { method: 'POST', body: { remove } });
    if (opened.set_up_url.startsWith(`${base}/set-up/`)) return location.assign(opened.set_up_url);
  } catch (err) {
    const problem = err instanceof Problem ? err : new Problem('offline');
    if (hopeless.includes(problem.kind)) giveUp(problem.kind);
    else if (problem.kind === 'person-locked') trouble(words.text('recovery.locked'));
    else if (problem.kind !== 'recovery-over' && problem.kind !== 'recovery-waiting') trouble(words.text('page.offline'));
    state = await askJSON(address, token).catch(() => state);
    show();
  }
  rest(byID('go'));
});

byID('copy').addEventListener('click', () => copy(`${base}/recovery/${id}#${token}`, words, byID('said')));

// --- Begin ---

addEventListener('pageshow', () => { byID('go').disabled = false; });
show();
if (token) follow();
