// The set-up page: adding a phone, an authenticator app, recovery codes. What
// is said stands in the catalogues, when in view.mjs.
import { leadTo, webAddress } from '../page/address.mjs';
import { copy } from '../page/copy.mjs';
import { addedHere, openingHere } from '../page/here.mjs';
import { ask, askJSON, Problem } from '../page/server.mjs';
import { cameFrom, forget, take } from '../page/secret.mjs';
import { plain, rest, say, write } from '../page/text.mjs';
import { wordsOfPage } from '../page/words.mjs';
import { recoveryCodes } from '../forms/codes.mjs';
import { emailForms } from '../forms/email.mjs';
import { questionForm } from '../forms/questions.mjs';
import { further, stepOf } from './further.mjs';
import { appOnly, ended, view } from './view.mjs';

const words = wordsOfPage();
const byID = (id) => document.getElementById(id);
const screen = byID('screen');
const id = location.pathname.split('/').pop();
const key = `countersign.set-up.${id}`;
const address = `${location.origin}${document.documentElement.dataset.base}/v1/pairings/${id}`;
const token = take(key);
const from = cameFrom(`set-up.${id}`, `${location.origin}${document.documentElement.dataset.base}/security/`);
const codes = recoveryCodes(words, () => go('done'));
const hopeless = ['unauthorized', 'pairing-not-found', 'not-found', 'origin-refused'];

let state = null;
let shown = null;
let place = '';
let lost = token ? '' : 'no-secret';
let pictured = false;
const passed = new Set(); // steps that the person passed over

// --- What is shown ---

const icons = { active: 'tick', added: 'tick', done: 'tick', refused: 'no', expired: 'clock', lost: 'clock', nowhere: 'key', codes: 'key' };

function show() {
  const next = view(words, state, place, lost, Boolean(from), addedHere(state?.digits));
  const before = shown;
  shown = next;
  screen.dataset.kind = next.kind;
  write(byID('headline'), next.headline);
  write(byID('line'), next.line);
  for (const part of screen.querySelectorAll('[data-on]')) {
    part.hidden = !part.dataset.on.split(' ').includes(next.kind);
  }
  byID('badge').hidden = !icons[next.kind];
  byID('badge').dataset.tone = next.tone;
  if (icons[next.kind]) byID('icon').setAttribute('href', `#icon-${icons[next.kind]}`);
  byID('digits').textContent = next.digits;
  byID('digits').hidden = next.digits === '';
  byID('match').textContent = words.text(next.match);
  byID('add-app').hidden = Boolean(state?.authenticator);
  byID('app-back').hidden = appOnly(state);
  showWayBack();
  if (next.kind === 'open') picture();
  if (before?.kind !== next.kind) turn(next, before);
}

// showWayBack leads to the page that led here, or to the application; where
// neither is known the browser's history has to do.
function showWayBack() {
  const to = from || webAddress(state?.back_to);
  leadTo(byID('back-to'), to, words.parts(from ? 'setup.back-security' : 'page.back-to', { application: state?.application }));
  byID('back').hidden = Boolean(to) || history.length < 2;
}

// turn is the page becoming another: its title, what is read out, the focus.
function turn(next, before) {
  document.title = plain(next.headline);
  byID('told').textContent = '';
  trouble('');
  const digits = next.digits ? ` ${words.text('setup.digits.aloud', { digits: [...next.digits.replace(' ', '')].join(' ') })}.` : '';
  if (next.kind !== 'loading') say(byID(next.kind === 'claimed' || next.tone === 'alarm' ? 'assertive' : 'polite'), `${document.title}. ${plain(next.line)}${digits}`);
  if (before) byID('headline').focus({ preventScroll: true });
  if (before) scrollTo({ top: 0 });
}

function trouble(key) {
  byID('trouble').textContent = words.text(key);
  byID('trouble').hidden = key === '';
}

// The picture needs the bearer secret, so the script fetches it.
async function picture() {
  byID('link').href = webAddress(state.pair_url);
  if (pictured) return;
  pictured = true;
  try {
    byID('qr').src = asImage(await (await ask(`${address}/qr`, token, { accept: 'image/svg+xml' })).text());
  } catch {
    pictured = false; // with the next state, once more
  }
}

const asImage = (svg) => `data:image/svg+xml,${encodeURIComponent(svg)}`;
const appAddress = (address) => (/^otpauth:\/\/totp\//.test(address ?? '') ? address : '');

// --- What comes in ---

async function follow() {
  let failures = 0;
  while (!lost && !ended(state)) {
    const query = state ? `?wait=25s&version=${state.version}` : '';
    try {
      heard(await askJSON(address + query, token, { signal: AbortSignal.timeout(40000) }));
      failures = 0;
    } catch (err) {
      failures += 1;
      if (hopeless.includes(err.kind)) return giveUp(err.kind);
    }
    byID('banner').hidden = failures < 2;
    if (failures > 0) await pause(Math.min(8000, 500 * 2 ** failures) * (0.5 + Math.random() / 2));
  }
}

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

function giveUp(kind) {
  lost = kind;
  forget(key);
  show();
}

function heard(next) {
  if (!next || (state && next.version < state.version)) return;
  state = next;
  if (appOnly(state) && !state.authenticator) go('app');
  else show();
}

// --- What the person does ---

for (const button of screen.querySelectorAll('[data-go]')) {
  button.addEventListener('click', () => go(button.dataset.go));
}

function go(where) {
  place = where === 'done' ? further(state, passed) : where;
  if (where === 'app') app();
  else show();
}

// attempt does one thing at the server and says so if it does not succeed.
async function attempt(button, action) {
  button.disabled = true;
  trouble('');
  try {
    return await action();
  } catch (err) {
    const problem = err instanceof Problem ? err : new Problem('offline');
    if (hopeless.includes(problem.kind)) giveUp(problem.kind);
    else trouble(problem.kind === 'pairing-settled' ? 'setup.settled' : 'page.offline');
    return null;
  } finally {
    rest(button);
  }
}

const post = (path, body) => ask(`${address}/${path}`, token, { method: 'POST', body });
const postJSON = (path, body) => askJSON(`${address}/${path}`, token, { method: 'POST', body });

byID('match').addEventListener('click', () => attempt(byID('match'), () => confirmPhone(true)));
byID('differ').addEventListener('click', () => attempt(byID('differ'), () => confirmPhone(false)));

async function confirmPhone(match) {
  await post('confirm', { match });
  heard(await askJSON(address, token));
}

// --- A first request ---

byID('try').addEventListener('click', () => attempt(byID('try'), tryPhone));

async function tryPhone() {
  let request;
  try {
    request = await postJSON('try');
  } catch (err) {
    if (err.kind !== 'too-many-pushes') throw err;
    return tried('held');
  }
  tried('asking', request.number);
  return tried(await outcome(request));
}

// outcome follows the test request to its end.
async function outcome({ id: approval, waiting_token: secret }) {
  const stream = `${address.slice(0, address.lastIndexOf('/pairings/'))}/approvals/${approval}/stream`;
  for (let version = 0; ;) {
    const now = await askJSON(`${stream}?wait=25s&version=${version}`, secret, { signal: AbortSignal.timeout(40000) });
    if (now.state !== 'pending') return words.has(`setup.trial.${now.state}`) ? now.state : 'over';
    version = now.version;
  }
}

function tried(how, number = '') {
  byID('trial-line').textContent = words.text(`setup.trial.${how}`, { phone: state.phone?.name });
  byID('trial-number').textContent = number;
  byID('trial-number').hidden = number === '';
  byID('try').hidden = how !== 'over';
  if (how === 'asking') byID('trial-number').focus({ preventScroll: true }); // what was pressed is gone
}

let making = null; // the key that is being made: a second one would void it

async function app() {
  making ??= makeKey();
  if (await making) show();
  else place = '';
}

async function makeKey() {
  const button = screen.querySelector(`section:not([hidden]) [data-go="app"]`) ?? byID('add-app');
  const made = await attempt(button, () => postJSON('authenticator'));
  if (!made) {
    making = null;
    return false;
  }
  byID('setup-key').textContent = made.setup_key;
  byID('app-qr').src = asImage(made.qr_svg);
  byID('app-link').href = appAddress(made.otpauth_uri);
  return true;
}

const refusals = {
  'code-wrong': 'setup.app.wrong', 'code-used': 'setup.app.wrong', 'invalid-request': 'setup.app.empty',
  'codes-blocked': 'setup.app.blocked', 'too-many-requests': 'setup.app.blocked',
};

byID('confirm').addEventListener('submit', async (event) => {
  event.preventDefault();
  const code = byID('typed').value.normalize('NFKC').replace(/[\s\p{Pd}]/gu, '');
  if (!/^[0-9]{6,8}$/.test(code)) return refuse('setup.app.empty');
  refuse('');
  byID('send').disabled = true;
  try {
    await post('authenticator/confirm', { code });
    place = '';
    state = { ...state, authenticator: true };
    show();
    heard(await askJSON(address, token));
  } catch (err) {
    if (shown.kind === 'app') refuse(refusals[err.kind] ?? 'page.offline');
  } finally {
    rest(byID('send'));
  }
});

function refuse(key) {
  byID('refused').hidden = key === '';
  byID('refused').textContent = words.text(key);
  byID('typed').setAttribute('aria-invalid', String(key !== ''));
  if (key) byID('typed').select();
}
byID('typed').addEventListener('input', () => byID('refused').hidden || refuse(''));

byID('show-codes').addEventListener('click', () => showCodes(byID('show-codes')));
byID('codes-after-all').addEventListener('click', () => showCodes(byID('codes-after-all')));

async function showCodes(button) {
  button.disabled = true;
  try {
    const made = await postJSON('recovery-codes');
    codes.show(made.codes, state?.user);
    go('codes');
  } catch (err) {
    trouble(err.kind === 'pairing-settled' ? 'setup.codes-shown' : 'page.offline');
  }
  rest(button);
}

byID('link').addEventListener('click', () => openingHere(byID('link').href, location.pathname));
byID('copy-link').addEventListener('click', () => copy(state.pair_url, words, byID('told')));
byID('copy-key').addEventListener('click', () => copy(byID('setup-key').textContent.replaceAll(' ', ''), words, byID('told')));

byID('back').addEventListener('click', () => history.back());

// --- What may follow ---

for (const button of screen.querySelectorAll('[data-skip]')) {
  button.addEventListener('click', () => {
    passed.add(stepOf(place));
    go('done');
  });
}

// call does a step at the server, and gives up where nothing more will come.
async function call(method, path, body) {
  try {
    return await askJSON(`${address}/${path}`, token, { method, body });
  } catch (err) {
    if (hopeless.includes(err.kind)) giveUp(err.kind);
    throw err;
  }
}

const late = { 'pairing-settled': 'setup.further.late' };

const email = emailForms(words, {
  more: late,
  async send(to) {
    await call('POST', 'email', { address: to, language: words.language });
    email.sent(to);
    go('emailCode');
  },
  async confirm(code) {
    heard(await call('POST', 'email/confirm', { code }));
    go('done');
  },
});
byID('email-again').addEventListener('click', () => email.again(byID('email-again')));
byID('email-other').addEventListener('click', () => go('email'));

questionForm(words, {
  more: late,
  async send(questions) {
    heard(await call('PUT', 'questions', { questions }));
    go('done');
  },
});

// --- Begin ---

// Who came from their sign-in security finds there what else could be set up.
if (from) {
  byID('way-back').dataset.on += ' active added';
  byID('rest').dataset.on = '';
}
show();
if (token) follow();
