// My sign-in security: the parts of the page, what the person does, and what came
// of it. What is said stands in the catalogues, when in view.mjs. A change leads
// to the waiting screen and comes back here with what confirms it.
import { leadTo, webAddress } from '../page/address.mjs';
import { ask, askJSON, Problem } from '../page/server.mjs';
import { forget, leadBack, take } from '../page/secret.mjs';
import { keepInTab } from '../page/tab.mjs';
import { plain, rest, say, write } from '../page/text.mjs';
import { wordsOfPage } from '../page/words.mjs';
import { recoveryCodes } from '../forms/codes.mjs';
import { emailForms } from '../forms/email.mjs';
import { questionForm } from '../forms/questions.mjs';
import { choose, chosen, showNewPhone } from './new-phone.mjs';
import { renaming, unnamed } from './rename.mjs';
import { things } from './things.mjs';
import { email, questions, refusal, view } from './view.mjs';

const refreshEvery = 20_000; // ms
const shownFirst = 5; // sign-ins, before the person asks for more

const words = wordsOfPage();
const byID = (id) => document.getElementById(id);
const screen = byID('screen');
const id = location.pathname.split('/').pop();
const key = `countersign.security.${id}`;
const base = `${location.origin}${document.documentElement.dataset.base}`;
const address = `${base}/v1/security-pages/${id}`;
const token = take(key);
const hopeless = ['unauthorized', 'not-found', 'origin-refused'];
const codes = recoveryCodes(words, () => go(''));
const draw = things(words, () => state.push_locked);

let state = null;
let shown = null;
let brought = broughtBack(); // what confirms a change, until that is carried out
let place = '';
let lost = token ? '' : 'no-secret';
let more = false;
let clockOff = 0; // ms that the server is ahead

// broughtBack takes what the waiting screen put into the address out of it, so
// that it is not carried out again when the page is opened again.
function broughtBack() {
  const query = new URLSearchParams(location.search);
  const approval = query.get('approval_id');
  if (!approval) return null;
  history.replaceState(history.state, '', location.pathname + location.hash);
  return { approval, code: query.get('result_code') };
}

// --- What is shown ---

function show() {
  const next = view(words, brought ? null : state, place, lost);
  const before = shown;
  shown = next;
  screen.dataset.kind = next.kind;
  write(byID('headline'), next.headline);
  write(byID('line'), next.line);
  for (const part of screen.querySelectorAll('[data-on]')) {
    part.hidden = !part.dataset.on.split(' ').includes(next.kind);
  }
  if (state) showState();
  if (before?.kind !== next.kind) turn(next, before);
}

// turn is the page becoming another: its title, what is read out, the focus.
function turn(next, before) {
  document.title = plain(next.headline);
  if (next.kind !== 'loading') say(byID(next.kind === 'ended' ? 'assertive' : 'polite'), `${document.title}. ${plain(next.line)}`);
  if (before && before.kind !== 'loading') {
    byID('headline').focus({ preventScroll: true });
    scrollTo({ top: 0 });
  }
}

function showState() {
  byID('locked').hidden = !state.push_locked;
  for (const button of screen.querySelectorAll('[data-do="newPhone"], [data-do="addApp"], [data-do="renewCodes"]')) button.disabled = state.push_locked;
  draw.recoveries(state.recoveries);
  byID('recovery').hidden = state.recoveries.length === 0;
  draw.phones(state.phones);
  byID('phones-none').hidden = state.phones.length > 0;
  draw.apps(state.authenticators);
  byID('apps-none').hidden = state.authenticators.length > 0;
  const left = state.recovery_codes_left;
  write(byID('codes-left'), left > 0 ? words.parts('security.codes.left', { count: left }) : words.parts('security.codes.none'));
  further('email', email(words, state), Boolean(state.email), state.email_offered);
  further('questions', questions(words, state), state.questions_set, state.questions_offered);
  draw.browsers(state.trusted_browsers);
  write(byID('trusted-none'), words.parts('security.trusted.none', { application: state.application }));
  byID('trusted-none').hidden = state.trusted_browsers.length > 0;
  byID('distrust-all').hidden = state.trusted_browsers.length < 2;
  draw.signIns(more ? state.sign_ins : state.sign_ins.slice(0, shownFirst));
  byID('sign-ins-none').hidden = state.sign_ins.length > 0;
  byID('more').hidden = more || state.sign_ins.length <= shownFirst;
  byID('not-me').hidden = state.sign_ins.length === 0;
  write(byID('not-me-password'), words.parts('security.not-me.password', { application: state.application }));
  leadTo(byID('back'), webAddress(state.back_to), words.parts('page.back-to', { application: state.application }));
  write(byID('closes'), words.parts('security.closes', { time: words.time(Date.parse(state.ends_at) - clockOff) }));
  showNewPhone(words, state);
}

// further shows what may be set beside phones and codes.
function further(name, { shown: there, line, change }, set, offered) {
  byID(`${name}-part`).hidden = !there;
  byID(`${name}-line`).textContent = line;
  byID(`${name}-change`).textContent = change;
  byID(`${name}-change`).hidden = !offered;
  byID(`${name}-remove`).hidden = !set;
  for (const act of ['change', 'remove']) byID(`${name}-${act}`).disabled = state.push_locked;
}

function told(key) {
  byID('told').textContent = key ? words.text(key) : '';
  byID('told').hidden = key === '';
  if (key) trouble('');
}

function trouble(key) {
  byID('trouble').textContent = key ? words.text(key) : '';
  byID('trouble').hidden = key === '';
  if (key) told('');
}

function go(where) {
  place = where;
  told('');
  trouble('');
  show();
}

// --- What comes in ---

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

async function read() {
  try {
    state = await askJSON(address, token, { signal: AbortSignal.timeout(20_000) });
    clockOff = Date.parse(state.server_time) - Date.now();
    lost = '';
    byID('banner').hidden = true;
  } catch (err) {
    if (hopeless.includes(err.kind)) giveUp(err.kind);
    else if (!state) lost = 'offline';
    else byID('banner').hidden = false;
  }
  show();
}

// follow keeps the page up to date until it closes.
async function follow() {
  while (lost === '' || lost === 'offline') {
    const left = state ? Date.parse(state.ends_at) - clockOff - Date.now() : refreshEvery;
    await pause(Math.max(1_000, Math.min(refreshEvery, left + 500)));
    if (!document.hidden || left < refreshEvery) await read();
  }
}

function giveUp(kind) {
  lost = kind;
  forget(key);
}

// --- What the person does ---

// attempt does one thing at the server and says so if it does not succeed.
async function attempt(button, action) {
  button.disabled = true;
  told('');
  trouble('');
  try {
    return await action();
  } catch (err) {
    const problem = err instanceof Problem ? err : new Problem('offline');
    if (hopeless.includes(problem.kind)) giveUp(problem.kind);
    else trouble(refusal(problem.kind));
    show();
    if (problem.kind === 'nothing-to-change') await read();
    return null;
  } finally {
    rest(button);
  }
}

// begin starts a change, and says so if that does not succeed.
const begin = (button, change, opens) => attempt(button, () => leave(change, opens));

// leave starts a change; the waiting screen asks the person to confirm it. opens
// is what shall be open there.
async function leave(change, opens) {
  const begun = await askJSON(`${address}/changes`, token, { method: 'POST', body: { ...change, language: words.language } });
  if (opens) keepInTab(`countersign.${opens}`, 'yes');
  if (begun.waiting_url.startsWith(`${base}/waiting/`)) location.assign(begun.waiting_url);
}

// safer does at once what only makes things safer.
function safer(button, path, key) {
  return attempt(button, async () => {
    await ask(`${address}/${path}`, token, { method: 'DELETE' });
    await read();
    told(key);
    byID('headline').focus({ preventScroll: true });
  });
}

const mail = emailForms(words, {
  send: (to) => leave({ kind: 'set_email', address: to }),
  async confirm(code) {
    await ask(`${address}/email/confirm`, token, { method: 'POST', body: { code } });
    await read();
    go('');
    told('security.done.set_email');
  },
  more: others('not-offered', 'person-locked', 'nothing-usable'),
});

questionForm(words, {
  send: (given) => leave({ kind: 'set_questions', questions: given }),
  more: others('not-offered', 'person-locked', 'nothing-usable'),
});

// others are the sentences of problems that those forms do not know.
function others(...kinds) {
  return Object.fromEntries(kinds.map((kind) => [kind, refusal(kind)]));
}

const does = {
  overview: () => go(''),
  again: (button) => attempt(button, arrive),
  more() {
    more = true;
    show();
    const next = byID('sign-ins').children[shownFirst].querySelector('.name');
    next.tabIndex = -1;
    next.focus();
  },
  newPhone: () => go('newPhone'),
  byPhone: (button) => begin(button, chosen()),
  byCode: (button) => begin(button, chosen(), 'code-first'),
  byMail: (button) => begin(button, chosen(), 'mail-first'),
  addApp: (button) => begin(button, { kind: 'add_authenticator' }),
  renewCodes: (button) => begin(button, { kind: 'renew_recovery_codes' }),
  rename(button) {
    const { id: phone } = button.dataset;
    const save = (from, name) => begin(from, { kind: 'rename_phone', phone_id: phone, name });
    renaming(words, button, state.phones.find((p) => p.id === phone).name, save, show);
  },
  keepName: (button) => unnamed(button.closest('form'), show),
  replace(button) {
    go('newPhone');
    choose(button.dataset.id);
  },
  remove: (button) => begin(button, button.closest('#apps')
    ? { kind: 'remove_authenticator', authenticator_id: button.dataset.id }
    : { kind: 'remove_phone', phone_id: button.dataset.id }),
  distrust: (button) => safer(button, `trusted-browsers/${button.dataset.id}`, 'security.done.distrust'),
  distrustAll: (button) => safer(button, 'trusted-browsers', 'security.done.distrust-all'),
  email: () => go('email'),
  removeEmail: (button) => begin(button, { kind: 'remove_email' }),
  questions: () => go('questions'),
  removeQuestions: (button) => begin(button, { kind: 'remove_questions' }),
  stop: (button) => safer(button, `recoveries/${button.dataset.id}`, 'security.done.stop'),
};

screen.addEventListener('click', (event) => {
  const button = event.target.closest('[data-do]');
  if (button && !button.disabled) does[button.dataset.do](button);
});

byID('new-phone-form').addEventListener('submit', (event) => event.preventDefault());

// --- What was confirmed ---

// arrive reads how things stand, after what the person has confirmed was done.
async function arrive() {
  await read();
  if (!state || !brought) return;
  if (await carryOut(brought) === 'leaves') return;
  brought = null;
  await read();
}

async function carryOut({ approval, code }) {
  if (!code) return trouble('security.refused.unconfirmed');
  try {
    const came = await askJSON(`${address}/changes/${encodeURIComponent(approval)}/carry-out`, token, { method: 'POST', body: { result_code: code } });
    return onward(came);
  } catch (err) {
    if (hopeless.includes(err.kind)) giveUp(err.kind);
    else trouble(refusal(err.kind));
  }
}

// onward is what follows from a change: a page of its own, codes, or a word.
function onward(came) {
  if (came.set_up_url?.startsWith(`${base}/set-up/`)) {
    leadBack(`set-up.${new URL(came.set_up_url).pathname.split('/').pop()}`);
    return leaveFor(came.set_up_url);
  }
  if (came.recovery_url?.startsWith(`${base}/recovery/`)) return leaveFor(came.recovery_url);
  if (came.sent_to) {
    mail.sent(came.sent_to);
    return go('emailCode');
  }
  if (came.codes) {
    codes.show(came.codes, state.user);
    return go('codes');
  }
  return told(`security.done.${came.kind}`);
}

function leaveFor(url) {
  location.assign(url);
  return 'leaves';
}

// --- Begin ---

async function open() {
  show();
  if (!token) return;
  await arrive();
  follow();
}

// A page that comes back out of the browser's memory shows how things stand now.
addEventListener('pageshow', (event) => {
  if (!event.persisted || !token) return;
  brought = null;
  read();
});
document.addEventListener('visibilitychange', () => { if (!document.hidden && state) read(); });
open();
