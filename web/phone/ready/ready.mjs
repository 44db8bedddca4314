// A first look: whom the phone answers for, how requests reach it, and what to
// do without a network.
import { hasLock, newLock } from '../lock.mjs';

export default function ready(app) {
  const { byID } = app;
  const account = () => app.account(app.state.pairing.account);

  byID('ready-go').addEventListener('click', () => app.set({ pairing: null }));
  byID('ready-keep').addEventListener('click', () => {
    app.state.installing.prompt();
    app.set({ installing: null });
  });
  byID('ready-locked').addEventListener('change', async ({ target }) => {
    try {
      await app.save({ ...account(), lock: target.checked ? await newLock(account().user) : '' });
      app.complain('ready-wrong', '');
    } catch {
      target.checked = false;
      app.complain('ready-wrong', 'settings.lock-refused');
    }
  });

  return {
    show({ reach, installing }) {
      app.write('ready-line', 'ready.line', { user: account()?.user });
      app.write('ready-reach', `ready.${reach}`);
      byID('ready-keep').hidden = !installing;
    },
    focus() {
      hasLock().then((has) => { byID('ready-lock').hidden = !has; });
      byID('ready-locked').checked = account().lock !== '';
    },
  };
}
