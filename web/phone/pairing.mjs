// Becoming somebody's phone, step by step: name, notifications, key, digits.
import { claimedHere } from '../page/here.mjs';
import { base32 } from './codes.mjs';
import { newKey } from './jws.mjs';
import { look } from './notices.mjs';
import { firstStep } from './place.mjs';
import { canPush, subscribe } from './push.mjs';
import { seal } from './store.mjs';
import { digits, pairingProof } from './tokens.mjs';

// begin starts with a ticket out of a link.
export function begin(app, ticket) {
  app.set({ said: null, where: '', pairing: { step: firstStep(app), ticket } });
}

const step = (app, changes) => app.set({ pairing: { ...app.state.pairing, ...changes } });

// named goes on once the phone has a name. Notifications are spoken of only
// where they could be had.
export async function named(app, name) {
  step(app, { name });
  const { publicKey } = await pushKey(app);
  if (!canPush() || !app.registration) return claim(app, 'unsupported');
  if (!publicKey) return claim(app, 'unoffered');
  if (Notification.permission === 'denied') return claim(app, 'denied');
  if (Notification.permission === 'granted') return turnOn(app);
  return step(app, { step: 'notify' });
}

// pushKey asks the server what it sends with; a server that says nothing sends
// nothing.
export async function pushKey(app) {
  try {
    return { publicKey: (await app.line.json('GET', '/v1/server')).push?.webpush?.public_key };
  } catch {
    return {};
  }
}

// turnOn asks for notifications, after a tap, and goes on whatever the answer.
export async function turnOn(app) {
  const { reach, push } = await askToReach(app);
  return claim(app, reach, push);
}

// askToReach gives how requests will reach this phone, and the push object.
export async function askToReach(app) {
  const permission = await Notification.requestPermission();
  if (permission !== 'granted') return { reach: permission === 'denied' ? 'denied' : 'later' };
  try {
    const { publicKey } = await pushKey(app);
    return { reach: 'on', push: await subscribe(app.registration, publicKey) };
  } catch {
    return { reach: 'failed' };
  }
}

// claim spends the ticket. The key is made once, so that a request which broke
// off can be made again as it was.
export async function claim(app, reach, push) {
  const { pairing } = app.state;
  const key = pairing.key ?? await newKey();
  step(app, { key });
  const body = {
    ticket: pairing.ticket, public_key: key.jwk, name: pairing.name, platform: app.device, ...(push ? { push } : {}),
    proof: await pairingProof(key, app.server, pairing.ticket, app.line.unix()),
  };
  try {
    const got = await app.line.json('POST', '/v1/pair', body);
    app.spent();
    const six = await digits(pairing.ticket, key.jwk);
    claimedHere(pairing.ticket, six);
    await claimed(app, { ...got, reach, endpoint: push?.endpoint ?? '', six });
  } catch (err) {
    if (err.kind === 'push-target-refused' && push) return claim(app, 'failed');
    refusedBy(app, err);
  }
  return undefined;
}

const ends = { 'ticket-invalid': 'void', 'key-refused': 'old' };

// refusedBy goes to where the person can do something about it.
function refusedBy(app, err) {
  if (ends[err.kind]) {
    app.spent();
    app.set({ pairing: null, said: { kind: ends[err.kind] } });
  } else if (err.kind === 'invalid-request') {
    step(app, { step: 'name', wrong: 'name.refused' });
  } else {
    step(app, { wrong: app.failure(err) });
  }
}

async function claimed(app, { device_id: id, user, reach, endpoint, six }) {
  const { key, name } = app.state.pairing;
  const account = { id, user, name, reach, endpoint, six, state: 'claimed', since: Date.now(), privateKey: key.privateKey, totp: null, lock: '' };
  await app.save(account);
  app.set({ pairing: { step: 'digits', account: id } });
  await follow(app, account);
}

// resume goes on with a phone whose digits were on the screen when the page
// was closed.
export function resume(app) {
  const account = app.state.accounts.find((a) => a.state === 'claimed');
  if (!account || app.state.pairing) return;
  app.set({ pairing: { step: 'digits', account: account.id } });
  follow(app, account);
}

// follow waits for the person at the browser: yes, no, or out of time.
async function follow(app, account) {
  while (app.state.pairing?.account === account.id) {
    try {
      const { state } = await app.line.call(account, 'GET', '/v1/phone?wait=25s');
      if (state === 'active') return await finish(app, account);
    } catch (err) {
      if (app.state.pairing?.account !== account.id) return undefined;
      if (err.kind === 'phone-unknown') {
        await app.forget(account);
        return app.set({ pairing: null, said: { kind: 'refused' } });
      }
    }
    await new Promise((again) => { setTimeout(again, 1000); });
  }
  return undefined;
}

async function finish(app, account) {
  await activate(app, account);
  app.set({ pairing: { step: 'ready', account: account.id }, reach: account.reach });
  app.requests.start();
}

async function activate(app, account) {
  await app.save({ ...account, state: 'active', six: '' });
  app.established();
  look(app, app.line.now()); // that this phone was added is nothing new to who holds it
  await secret(app, app.account(account.id)).catch(() => {}); // the next start asks again
}

// catchUp makes active what was confirmed while this page was closed: whoever comes
// for a request has no use for a first look.
export async function catchUp(app) {
  for (const account of app.state.accounts.filter((a) => a.state === 'claimed')) {
    const { state } = await app.line.call(account, 'GET', '/v1/phone').catch(() => ({}));
    if (state === 'active') await activate(app, account);
  }
}

// cancel gives up a phone that nobody has confirmed yet.
export async function cancel(app) {
  const account = app.account(app.state.pairing.account);
  app.set({ pairing: null, said: null });
  await app.line.call(account, 'DELETE', '/v1/phone').catch(() => {});
  await app.forget(account);
}

// secret fetches this phone's own secret for codes and seals it.
export async function secret(app, account) {
  const got = await app.line.call(account, 'POST', '/v1/phone/totp');
  const key = await app.store.sealKey();
  const totp = { ...await seal(key, account.id, base32(got.secret)), digits: got.digits, period: got.period };
  await app.save({ ...app.account(account.id), totp });
}
