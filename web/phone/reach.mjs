// Keeping this phone within reach: what a browser allows, and whom a wake-up
// finds, may have changed since the page was last open.
import { askToReach, pushKey } from './pairing.mjs';
import { canPush, subscribe } from './push.mjs';

// reachNow says how requests reach this phone, without asking anybody.
async function reachNow(app) {
  if (!canPush() || !app.registration) return { reach: 'unsupported' };
  if (Notification.permission === 'denied') return { reach: 'denied' };
  if (Notification.permission !== 'granted') return { reach: 'later' };
  const { publicKey } = await pushKey(app);
  if (!publicKey) return { reach: app.state.online ? 'unoffered' : 'on' };
  try {
    return { reach: 'on', push: await subscribe(app.registration, publicKey) };
  } catch {
    return { reach: 'failed' };
  }
}

const offers = (accounts) => accounts.filter((a) => a.state === 'active');

// keepReach looks, and tells the server where it has changed.
export async function keepReach(app) {
  if (offers(app.state.accounts).length === 0) return;
  await tell(app, await reachNow(app));
  app.set({ kept: await isKept(app) });
}

// isKept says whether what is stored here stays. An iPhone clears what is not
// on its home screen and was not opened for a week.
async function isKept(app) {
  if (app.installed || app.device !== 'ios') return true;
  return (await navigator.storage?.persisted?.()) === true;
}

// turnReachOn asks the person, after a tap.
export async function turnReachOn(app) {
  await tell(app, await askToReach(app));
}

async function tell(app, { reach, push }) {
  app.set({ reach });
  for (const account of offers(app.state.accounts)) {
    const endpoint = push?.endpoint ?? '';
    // Offline, nothing is known to have changed.
    if (endpoint === account.endpoint || (reach === 'on' && !push)) continue;
    try {
      await app.line.call(account, 'PUT', '/v1/phone/push', push ?? { service: 'none' });
      await app.save({ ...app.account(account.id), endpoint, reach });
    } catch (err) {
      if (err.kind === 'phone-unknown') await app.removed(account);
      if (err.kind === 'push-target-refused') app.set({ reach: 'failed' });
    }
  }
}
