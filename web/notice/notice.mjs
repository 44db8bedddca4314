// What somebody was told, and "this wasn't me". Opening the page changes nothing:
// scanners of mail open every link. What is said stands in the catalogues, when in
// view.mjs.
import { askJSON } from '../page/server.mjs';
import { take } from '../page/secret.mjs';
import { plain, say, write } from '../page/text.mjs';
import { wordsOfPage } from '../page/words.mjs';
import { view } from './view.mjs';

const words = wordsOfPage();
const byID = (id) => document.getElementById(id);
const screen = byID('screen');
const id = location.pathname.split('/').pop();
const address = `${location.origin}${document.documentElement.dataset.base}/v1/notices/${id}`;
const token = take(`countersign.notice.${id}`);

let state = null;
let lost = token ? '' : 'no-secret';
let shown = null;

function show() {
  const next = view(words, state, lost);
  const before = shown;
  shown = next;
  screen.dataset.kind = next.kind;
  write(byID('headline'), next.headline);
  write(byID('line'), next.line);
  byID('facts').replaceChildren(...next.facts.flatMap(({ name, value }) => [cell('dt', name), cell('dd', [{ text: value, value: true }])]));
  byID('ended').replaceChildren(...next.ended.map((parts) => cell('li', parts)));
  for (const section of screen.querySelectorAll('section')) section.hidden = section.dataset.on !== next.kind;
  if (before?.kind !== next.kind) turn(next, before);
}

function cell(tag, parts) {
  const element = document.createElement(tag);
  write(element, parts);
  return element;
}

// turn is the page becoming another: its title, what is read out, the focus.
function turn(next, before) {
  document.title = plain(next.headline);
  trouble('');
  if (next.kind !== 'loading') say(byID(next.kind === 'stopped' ? 'assertive' : 'polite'), `${document.title}. ${plain(next.line)}`);
  if (before && before.kind !== 'loading') byID('headline').focus({ preventScroll: true });
}

function trouble(key) {
  byID('trouble').textContent = key && words.text(key);
  byID('trouble').hidden = key === '';
}

async function read() {
  lost = '';
  show();
  try {
    state = await askJSON(address, token, { signal: AbortSignal.timeout(20_000) });
  } catch (err) {
    lost = err.kind ?? 'offline';
  }
  show();
}

byID('again').addEventListener('click', read);

byID('stop').addEventListener('click', async () => {
  byID('stop').disabled = true;
  trouble('');
  try {
    state = await askJSON(`${address}/stop`, token, { method: 'POST', signal: AbortSignal.timeout(20_000) });
    show();
  } catch (err) {
    if (err.kind === 'notice-over') await read();
    else trouble(err.kind === 'unauthorized' ? 'notice.state.lost.line' : 'notice.not-yet');
  }
  byID('stop').disabled = false;
});

show();
if (token) read();
