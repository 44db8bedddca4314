// The phone page: an authenticator that anybody can open. It starts here: what
// this browser keeps, the words, the worker, and which screen is shown. When a
// screen is shown stands in place.mjs; each screen is a folder of its own.
import { forget, take } from '../page/secret.mjs';
import { say, write } from '../page/text.mjs';
import { load } from '../words/words.mjs';
import change from './change/change.mjs';
import digits from './digits/digits.mjs';
import history from './history/history.mjs';
import home from './home/home.mjs';
import install from './install/install.mjs';
import move from './move/move.mjs';
import name from './name/name.mjs';
import { fetchNotices, openNotice } from './notices.mjs';
import notify from './notify/notify.mjs';
import { begin, catchUp, resume, secret } from './pairing.mjs';
import { deviceOf, placeOf } from './place.mjs';
import { register } from './push.mjs';
import ready from './ready/ready.mjs';
import { keepReach } from './reach.mjs';
import report from './report/report.mjs';
import request from './request/request.mjs';
import { Requests } from './requests.mjs';
import said from './said/said.mjs';
import { Line } from './server.mjs';
import settings from './settings/settings.mjs';
import stop from './stop/stop.mjs';
import { openStore } from './store.mjs';
import welcome from './welcome/welcome.mjs';

const byID = (id) => document.getElementById(id);
const base = document.documentElement.dataset.base;
const ticketKey = 'countersign.pair';

// app is what the screens share.
const app = {
  base,
  server: location.origin + base,
  byID,
  device: deviceOf(navigator),
  installed: navigator.standalone === true || matchMedia('(display-mode: standalone)').matches,
  state: { accounts: [], requests: [], history: {}, notices: {}, looked: Infinity, online: navigator.onLine, reach: 'on', kept: true },

  // set changes what is known, and shows it.
  set(changes) {
    Object.assign(app.state, changes);
    show();
  },
  account: (id) => app.state.accounts.find((a) => a.id === id),

  // save keeps an account as it is now.
  async save(account) {
    await app.store.put(account);
    app.set({ accounts: await app.store.accounts() });
  },

  // forget drops an account with its keys.
  async forget(account) {
    await app.store.drop(account.id);
    app.set({ accounts: await app.store.accounts() });
    if (app.state.accounts.length === 0) mark(0);
  },

  // removed is what the server says of a phone that it no longer knows.
  async removed(account) {
    const kept = await app.store.accounts();
    if (!kept.some((a) => a.id === account.id)) return app.set({ accounts: kept }); // here, in another tab
    return app.save({ ...account, state: 'removed', removedAt: Date.now(), totp: null, privateKey: null });
  },

  // go opens a place that the way back leads out of.
  go(where, about = '') {
    globalThis.history.pushState({ where, about }, '');
    app.set({ where, about });
  },
  back: () => globalThis.history.back(),

  write: (id, key, values) => write(byID(id), app.words.parts(key, values)),
  say: (id, sentence) => say(byID(id), sentence),

  // complain shows what went wrong at id; without a key, nothing.
  complain(id, key, values) {
    byID(id).hidden = !key;
    app.write(id, key || 'none', values);
  },
  // failure is the key for a problem that no screen has words of its own for.
  failure: (err) => (err.kind === 'too-many-requests' ? 'busy' : 'failed'),

  async copy(text, told) {
    const copied = await navigator.clipboard?.writeText(text).then(() => true, () => false);
    app.say(told, app.words.text(copied ? 'copied' : 'not-copied'));
  },

  // established is told of the first account: from now on an empty storage
  // means that it was cleared.
  established() {
    mark(400 * 24 * 3600);
    navigator.storage?.persist?.().catch(() => {}); // a wish; keepReach looks what came of it
  },
  // look asks the server for whatever is new.
  look: () => Promise.all([app.requests.look(), fetchNotices(app)]),

  begin(ticket) { begin(app, ticket); },
  spent: () => forget(ticketKey),
};

// A cookie outlives the storage that browsers clear. It says that there was an
// account here, and nothing else.
function mark(age) {
  const safe = location.protocol === 'https:' ? '; secure' : '';
  document.cookie = `countersign-phone=1; max-age=${age}; path=${base}/phone; samesite=strict${safe}`;
}
const marked = () => /(?:^|; )countersign-phone=1/.test(document.cookie);

// --- What is shown ---

const makers = { welcome, install, name, notify, digits, ready, request, report, said, home, history, change, stop, settings, move };
const screens = {};
let shown = '';
let showing = false;
let again = false;

// show draws what is known. What a screen does while it is drawn may change
// that: then it is drawn once more, and never one drawing inside another.
function show() {
  again = true;
  if (showing) return;
  showing = true;
  try {
    while (again) {
      again = false;
      draw();
    }
  } finally {
    showing = false;
  }
}

function draw() {
  const place = placeOf(app.state);
  for (const [id, screen] of Object.entries(screens)) {
    byID(id).hidden = id !== place;
    if (id === place) screen.show(app.state);
  }
  if (again) return; // what was drawn is not so any more: a request ran out in it
  byID('back').hidden = !['history', 'change', 'stop', 'settings', 'move'].includes(place) && !(place === 'welcome' && app.state.accounts.length > 0);
  const turned = `${place} ${screens[place].turn?.(app.state) ?? ''}`;
  if (turned !== shown) turn(place);
  shown = turned;
}

// turn is the page becoming another: its title, the focus, what is read out.
function turn(place) {
  byID('screens').dataset.screen = place;
  const headline = byID(place).querySelector('h1');
  scrollTo({ top: 0 });
  const first = screens[place].focus?.(app.state) ?? headline;
  document.title = headline.textContent;
  first.focus({ preventScroll: true });
  const aloud = screens[place].aloud?.(app.state);
  if (aloud) app.say('assertive', aloud);
}

function speak() {
  document.documentElement.lang = app.words.language;
  document.documentElement.dir = app.words.direction;
  for (const element of document.querySelectorAll('[data-words]')) {
    element.textContent = app.words.text(element.dataset.words);
  }
}

// --- What happens ---

function listen() {
  byID('back').addEventListener('click', app.back);
  addEventListener('popstate', ({ state }) => app.set({ where: state?.where ?? '', about: state?.about ?? '', reporting: false }));
  addEventListener('hashchange', () => arrived(brought()));
  addEventListener('online', () => { app.set({ online: true }); app.requests.start(); });
  addEventListener('offline', () => app.set({ online: false }));
  document.addEventListener('visibilitychange', visible);
  addEventListener('beforeinstallprompt', (event) => {
    event.preventDefault();
    app.set({ installing: event });
  });
  navigator.serviceWorker?.addEventListener('message', ({ data }) => {
    if (data?.open) app.requests.open(data.open);
    else if (data?.notice) openNotice(app, data.notice);
    else app.look();
  });
  setInterval(() => screens[placeOf(app.state)].tick?.(app.state), 250);
}

function visible() {
  if (document.hidden) return app.requests.stop();
  app.requests.start();
  fetchNotices(app);
  keepReach(app);
}

// brought takes what the address brings: a ticket, or the request or change
// whose notification was opened. None of them stays in it.
function brought() {
  const [, kind, opened] = /^#(request|notice)=([A-Za-z0-9_-]{1,64})$/.exec(location.hash) ?? [];
  if (opened) globalThis.history.replaceState(null, '', location.pathname);
  const ticket = opened ? null : take(ticketKey);
  globalThis.history.replaceState(null, '', `${base}/phone`);
  return { kind, opened, ticket };
}

function arrived({ kind, opened, ticket }) {
  if (kind === 'notice') openNotice(app, opened);
  else if (opened) app.requests.open(opened);
  else if (ticket && !app.state.pairing) begin(app, ticket);
}

async function start() {
  const first = brought();
  app.words = await load(navigator.languages);
  speak();
  for (const [id, make] of Object.entries(makers)) screens[id] = make(app);
  try {
    app.store = await openStore();
    app.line = new Line(app.server, (await app.store.fact('offset')) ?? 0, (offset) => {
      app.store.keep('offset', offset);
      app.set({ offset });
    });
    app.set({ accounts: await app.store.accounts(), cleared: false });
  } catch {
    return app.set({ said: { kind: 'broken' } });
  }
  // What changed before this phone was first opened is nothing new to its person.
  const looked = (await app.store.fact('looked')) ?? app.line.now();
  app.store.keep('looked', looked);
  app.set({ looked, offset: app.line.offset, cleared: app.state.accounts.length === 0 && marked() });
  app.requests = new Requests(app);
  listen();
  app.registration = await register(base);
  if (first.opened) await catchUp(app);
  arrived(first);
  resume(app);
  app.requests.start();
  fetchNotices(app);
  await keepReach(app);
  for (const account of app.state.accounts) if (account.state === 'active' && !account.totp) secret(app, account).catch(() => {});
}

start();
