// The waiting screen: the parts of the page, what the person does, and the
// state that comes in. What is said stands in the catalogues, when in view.mjs.
import { ask, askJSON } from '../page/server.mjs';
import { goingOver } from '../page/here.mjs';
import { forget, kept, take } from '../page/secret.mjs';
import { dropFromTab, inTab, keepInTab } from '../page/tab.mjs';
import { plain, rest, say, write } from '../page/text.mjs';
import { wordsOfPage } from '../page/words.mjs';
import { accountsHere } from '../phone/store.mjs';
import { Countdown } from './clock.mjs';
import { speaking } from './change.mjs';
import { follow } from './stream.mjs';
import { codeField } from './typed.mjs';
import { applicationOf, takes, view } from './view.mjs';
import { waysToANewPhone } from './ways.mjs';

const goAfter = 1000; // ms on "You're in": long enough to be read, short enough to be no wait
const bannerAfter = 1200; // ms; a shorter gap is nobody's concern
const overdue = 2000; // ms after the deadline without a word from the server

const all = wordsOfPage();
let words = all; // those for what is confirmed here
const byID = (id) => document.getElementById(id);
const screen = byID('screen');
const id = location.pathname.split('/').pop();
const key = `countersign.waiting.${id}`;
// What the person has asked for on this screen: a phone may drop the page while its
// person looks into their authenticator app.
const askedFor = `countersign.asked-for.${id}`; // kept: "code" or "phoneless"
const address = `${location.origin}${document.documentElement.dataset.base}/v1/approvals/${id}`;
const token = take(key);

const countdown = new Countdown();
const circumstances = { asked: 0, tries: 0, heldBack: false, phoneless: false, lost: token ? '' : 'no-secret' };
let state = null;
let shown = null; // the view on the screen
let line = null; // the connection
let askedAt = performance.now();
let resends = null;
let codeOpen = false;
let mailFirst = false;
let recovery = false;
let poked = false;

// --- What comes in ---

function heard(next) {
  const now = performance.now();
  countdown.set(next, now);
  circumstances.tries = Math.max(circumstances.tries, next.number_attempts_left ?? 0);
  if (resends !== null && next.resends_left < resends) askedAt = now;
  resends = next.resends_left ?? resends;
  if (!state) ways.resume(next, mailFirst);
  if (!state && next.next === 'wait') lookHere(next.user);
  state = next;
  words = speaking(all, state);
  show();
  tick();
}

// lookHere finds whether a phone of this person is this very browser, also one that
// does not know yet that it was confirmed. Whoever could not come back, since
// nothing is kept here, is not led away.
async function lookHere(user) {
  try {
    circumstances.here = kept(key) && (await accountsHere()).some((a) => a.user === user && a.state !== 'removed');
  } catch {
    return; // no phone here, or no storage
  }
  if (circumstances.here) show();
}

function connected(yes) {
  clearTimeout(connected.later);
  if (yes) byID('banner').hidden = true;
  else connected.later = setTimeout(() => { byID('banner').hidden = shown?.purpose === 'end'; }, bannerAfter);
}

function lost(kind) {
  circumstances.lost = kind;
  forget(key); // the server knows it no more
  show();
}

// --- What is shown ---

function show() {
  circumstances.asked = (performance.now() - askedAt) / 1000;
  const next = view(words, state, circumstances);
  if (ways.holds(next)) return;
  const before = shown;
  shown = next;
  screen.dataset.kind = next.kind;
  screen.dataset.purpose = next.purpose;
  write(byID('headline'), next.headline);
  write(byID('line'), next.line);
  byID('number').textContent = next.number;
  byID('number').hidden = next.number === '';
  byID('time').hidden = !next.counting;
  byID('resend').hidden = next.resend === 'none';
  byID('resend').setAttribute('aria-disabled', String(next.resend === 'later'));
  byID('here').hidden = !next.here;
  write(byID('here-number'), next.here && next.number ? words.parts('waiting.here.number', { number: next.number }) : []);
  byID('here-number').hidden = !next.here || !next.number;
  byID('actions').hidden = next.purpose === 'end' || next.kind === 'loading';
  write(byID('who'), state ? words.parts('waiting.signing-in', { application: applicationOf(words, state), user: state.user }) : []);
  byID('who').hidden = !state;
  showLogo(state?.logo ?? '');
  showCode();
  showWays();
  byID('trust').hidden = next.purpose === 'end' || !(state?.trust_days > 0);
  write(byID('trust-words'), state?.trust_days > 0 ? words.parts('waiting.trust', { count: state.trust_days }) : []);
  showEnd(next, before);
  announce(next, before);
}

// showLogo draws the application's picture once; one that is not there any more
// leaves the name.
function showLogo(path) {
  if (showLogo.drawn === path) return;
  showLogo.drawn = path;
  byID('logo').hidden = path === '';
  if (path) byID('logo').src = `${location.origin}${document.documentElement.dataset.base}${path}`;
}

byID('logo').addEventListener('error', () => { byID('logo').hidden = true; });

function showCode() {
  const open = shown.code === 'shown' || (shown.code === 'offered' && codeOpen);
  byID('code').hidden = !open;
  byID('use-code').hidden = open || shown.code === 'none';
  const both = takes(state, 'totp') && takes(state, 'recovery_code');
  byID('other-code').hidden = !both;
  if (!both) recovery = !takes(state, 'totp');
  byID('no-phone').hidden = !circumstances.phoneless;
  const kind = recovery ? 'recovery' : 'app';
  byID('typed-label').textContent = words.text(`waiting.code.${kind}.label`);
  byID('typed-hint').textContent = words.text(`waiting.code.${kind}.hint`);
  byID('other-code').textContent = words.text(`waiting.code.${kind}.other`);
  byID('send').textContent = words.text('waiting.code.send');
  // Who changes how they sign in is in already: a code does for a phone, and where
  // it doesn't, the server offers what else does.
  const elsewise = state?.purpose !== 'change' || state.recovery_offers?.includes('email');
  for (const way of ['have-new-phone', 'without-phone']) byID(way).hidden = circumstances.phoneless || !elsewise;
  byID('typed').inputMode = recovery ? 'text' : 'numeric';
  write(byID('note'), shown.note);
  byID('note').hidden = shown.note.length === 0;
}

const showWays = () => ways.show(state, circumstances.phoneless, shown.purpose === 'end');

function showEnd(next, before) {
  const over = next.purpose === 'end';
  byID('badge').hidden = !over;
  byID('onward').hidden = !over;
  if (!over || before?.kind === next.kind) return;
  connected(true);
  byID('resent').hidden = true;
  byID('badge').dataset.tone = next.tone;
  byID('icon').setAttribute('href', `#icon-${next.icon}`);
  const stuck = !next.back && history.length < 2;
  byID('again').hidden = next.onward === '' || stuck;
  byID('again').textContent = words.text(`waiting.onward.${next.onward}`);
  byID('again-code').hidden = !next.codeNext || stuck;
  const application = applicationOf(words, state);
  write(byID('no-way-back'), words.parts('waiting.no-way-back', { application }));
  byID('no-way-back').hidden = next.onward === '' || !stuck;
  byID('new-phone').hidden = !next.newPhone;
  byID('go-on').classList.toggle('primary', !next.newPhone);
  if (next.kind === 'approved') leave(next.go, application, next.newPhone);
}

function leave(go, application, stay) {
  if (!go) return;
  const link = byID('go-on');
  link.href = go;
  write(byID('go-on-words'), words.parts('waiting.go-on', { application }));
  const kept = trust().then(() => { link.hidden = false; });
  if (!stay) Promise.all([kept, pause(goAfter)]).then(() => location.replace(go));
}

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

// trust tells the server what was ticked, before the browser goes back: the
// application is handed the token as it redeems. Without it the next sign-in
// asks again, which is no reason to stop this one.
async function trust() {
  if (!byID('trusted').checked || !(state.trust_days > 0)) return;
  try {
    await ask(`${address}/trust`, token, { method: 'POST', signal: AbortSignal.timeout(5000) });
  } catch { /* as above */ }
}

// announce titles the page, moves focus when the page now serves another
// purpose, and reads out what has changed.
function announce(next, before) {
  const headline = plain(next.headline);
  const sentence = `${headline}. ${plain(next.line)}`;
  document.title = state?.application ? `${headline} – ${state.application}` : headline;
  if (announce.last === sentence) return;
  announce.last = sentence;
  if (next.purpose === 'end') say(byID('assertive'), sentence);
  else if (next.kind !== 'loading') say(byID('polite'), sentence);
  const typing = document.activeElement === byID('typed') && !byID('code').hidden;
  if (before && before.purpose !== next.purpose && !typing) byID('headline').focus({ preventScroll: true });
}

// --- Time ---

function tick() {
  const now = performance.now();
  const left = countdown.seconds(now);
  if (left === null || shown?.purpose === 'end') return;
  byID('left').textContent = words.text('waiting.seconds-left', { count: left });
  byID('extend').dataset.ready = state.may_extend && left <= 30 ? 'yes' : 'no';
  typed.tick();
  byID('arc').setAttribute('stroke-dashoffset', String(100 * (1 - countdown.share(now))));
  const mark = countdown.announce(now);
  if (mark !== null) say(byID('polite'), words.text(`waiting.aloud.${mark}`));
  if (left > 0) poked = false;
  else if (!poked) {
    poked = true;
    setTimeout(() => line?.poke(), overdue);
  }
  show();
}

// --- What the person does ---

byID('here').href = `${document.documentElement.dataset.base}/phone#request=${id}`;
byID('here').addEventListener('click', () => goingOver(id));

byID('use-code').addEventListener('click', () => openCode(false));
byID('without-phone').addEventListener('click', () => openCode(true));
byID('have-new-phone').addEventListener('click', () => openCode(true, 'new-phone-headline'));

function openCode(withoutPhone, first = 'typed') {
  circumstances.phoneless = withoutPhone;
  show();
  if (shown.code === 'none') return resent('waiting.code.phone-only', { application: applicationOf(words, state) });
  codeOpen = true;
  keepInTab(askedFor, withoutPhone ? 'phoneless' : 'code');
  showCode();
  byID(first).focus();
}

// What is confirmed here is heard later than the ways are made.
const spoken = { parts: (key, values) => words.parts(key, values), text: (key, values) => words.text(key, values) };
const ways = waysToANewPhone({
  words: spoken, memory: `countersign.step.${id}`, again: () => show(),
  async call(method, path, body) {
    const answer = await ask(`${address}/${path}`, token, { method, body });
    return answer.status === 202 ? null : answer.json();
  },
});

const typed = codeField({
  address, token,
  now: () => ({ words, state, serverTime: countdown.serverTime(performance.now()) }),
  taken: (next) => line?.take(next),
  over: () => line?.poke(),
});

byID('other-code').addEventListener('click', () => {
  recovery = !recovery;
  typed.clear();
  showCode();
  byID('typed').focus();
});

byID('resend').addEventListener('click', async () => {
  if (shown.resend !== 'ready') return;
  askedAt = performance.now();
  show();
  try {
    await ask(`${address}/resend`, token, { method: 'POST' });
    resent('waiting.resent');
  } catch (err) {
    circumstances.heldBack = err.kind === 'too-many-pushes';
    if (err.kind !== 'approval-settled') resent(circumstances.heldBack ? 'waiting.held-back' : 'page.offline');
  }
  line?.poke();
});

function resent(key, values) {
  byID('resent').hidden = false;
  byID('resent').textContent = words.text(key, values);
}

byID('extend').addEventListener('click', async () => {
  byID('extend').disabled = true;
  try {
    line?.take(await askJSON(`${address}/extend`, token, { method: 'POST' }));
    resent('waiting.extended');
  } catch (err) {
    if (!['approval-settled', 'no-more-time'].includes(err.kind)) resent('page.offline');
    line?.poke();
  }
  rest(byID('extend'));
  if (document.activeElement === document.body) byID('headline').focus({ preventScroll: true }); // it is gone
});

byID('disown').addEventListener('click', async () => {
  byID('disown').disabled = true;
  try {
    await ask(`${address}/disown`, token, { method: 'POST' });
  } catch (err) {
    if (err.kind !== 'approval-settled') resent('waiting.disown-failed');
  }
  rest(byID('disown'));
  line?.poke();
});

byID('cancel').addEventListener('click', async () => {
  byID('cancel').disabled = true;
  try {
    await ask(`${address}/cancel`, token, { method: 'POST' });
  } catch (err) {
    if (err.kind !== 'approval-settled') resent('waiting.cancel-failed');
  }
  rest(byID('cancel'));
  line?.poke();
});

// Only the application can begin a sign-in. Without an address of its own, the
// page before this one is its.
function goBack() {
  if (shown.back) location.assign(shown.back);
  else history.back();
}

byID('again').addEventListener('click', goBack);
byID('again-code').addEventListener('click', () => {
  keepInTab('countersign.code-first', 'yes');
  goBack();
});

// bidden says whether the page before this one asked for something to be open.
function bidden(name) {
  const yes = inTab(`countersign.${name}`) === 'yes';
  dropFromTab(`countersign.${name}`);
  return yes;
}

// --- Begin ---

codeOpen = bidden('code-first') || inTab(askedFor) !== null;
circumstances.phoneless = inTab(askedFor) === 'phoneless';
mailFirst = bidden('mail-first');
show();
if (token) {
  line = follow({ url: `${address}/stream`, token }, { state: heard, connected, lost });
  setInterval(tick, 250);
  addEventListener('online', () => line.poke());
  document.addEventListener('visibilitychange', () => { if (!document.hidden) line.poke(); });
}
