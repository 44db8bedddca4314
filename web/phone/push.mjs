// Web Push: what has to be there for this phone to be woken.
import { unb64u } from './jws.mjs';

// canPush says whether this browser knows push at all.
export function canPush() {
  return 'serviceWorker' in navigator && 'PushManager' in globalThis && 'Notification' in globalThis;
}

// register starts the worker and gives its registration, or null. Its address
// is the one that a script may ever become a worker from: Trusted Types hold
// everything else back.
export async function register(base) {
  if (!('serviceWorker' in navigator)) return null;
  const address = `${base}/phone/worker.js`;
  const policy = globalThis.trustedTypes?.createPolicy('countersign-worker', { createScriptURL: () => address });
  try {
    return await navigator.serviceWorker.register(policy?.createScriptURL('') ?? address, { scope: `${base}/phone` });
  } catch {
    return null; // a private window, say: the page then works while it is online
  }
}

// active waits until a registration's worker may be subscribed with.
function active(registration) {
  const worker = registration.active ?? registration.waiting ?? registration.installing;
  return new Promise((resolve, reject) => {
    const look = () => {
      if (worker?.state === 'activated') resolve();
      else if (!worker || worker.state === 'redundant') reject(new Error('no worker'));
    };
    worker?.addEventListener('statechange', look);
    look();
  });
}

// subscribe gives the protocol's push object. Without a push service to reach,
// or with one that says no, it throws: an ordinary state.
export async function subscribe(registration, publicKey) {
  await active(registration);
  const wanted = { userVisibleOnly: true, applicationServerKey: unb64u(publicKey) };
  let subscription;
  try {
    subscription = await registration.pushManager.subscribe(wanted);
  } catch (err) {
    // One that was made with a key the server no longer has is in the way.
    const old = await registration.pushManager.getSubscription();
    if (!old) throw err;
    await old.unsubscribe();
    subscription = await registration.pushManager.subscribe(wanted);
  }
  const { endpoint, keys: { p256dh, auth } } = subscription.toJSON();
  return { service: 'webpush', endpoint, p256dh, auth };
}
