// One account on this phone: its name, its screen lock, and the two ways out.
import { hasLock, newLock, openLock } from '../lock.mjs';
import { turnReachOn } from '../reach.mjs';

export default function settings(app) {
  const { byID } = app;
  const account = () => app.account(app.state.about);

  // attempt does one thing at the server and says so if it does not succeed.
  async function attempt(action, unlike = {}) {
    app.complain('settings-wrong', '');
    byID('settings-told').textContent = '';
    try {
      await action(account());
    } catch (err) {
      if (err.kind === 'phone-unknown') await app.removed(account());
      else app.complain('settings-wrong', unlike[err.kind] ?? app.failure(err));
    }
  }

  byID('settings-form').addEventListener('submit', (event) => {
    event.preventDefault();
    const name = byID('settings-name').value.normalize('NFC').trim();
    if (!name) return app.complain('settings-wrong', 'name.empty');
    return attempt(async (a) => {
      await app.line.call(a, 'PATCH', '/v1/phone', { name });
      await app.save({ ...a, name });
      app.say('settings-told', app.words.text('settings.renamed'));
    }, { 'invalid-request': 'name.refused' });
  });

  // Turning the lock off asks for it, or it would keep nobody from doing so.
  byID('settings-locked').addEventListener('change', async ({ target }) => {
    app.complain('settings-wrong', '');
    const { lock, user } = account();
    const next = target.checked ? await newLock(user).catch(() => '') : await openLock(lock) ? '' : lock;
    target.checked = next !== '';
    if (next === lock) app.complain('settings-wrong', 'settings.lock-refused');
    await app.save({ ...account(), lock: next });
  });

  byID('settings-requests').addEventListener('click', () => attempt(() => turnReachOn(app)));
  byID('settings-move').addEventListener('click', () => app.go('move', app.state.about));
  byID('settings-remove').addEventListener('click', () => sure(true));
  byID('settings-no').addEventListener('click', () => sure(false));
  byID('settings-yes').addEventListener('click', () => attempt(async (a) => {
    await app.line.call(a, 'DELETE', '/v1/phone').catch((err) => { if (err.kind !== 'phone-unknown') throw err; });
    app.set({ where: '', said: { kind: 'forgotten', values: { user: a.user } } });
    await app.forget(a);
  }));

  function sure(asked) {
    for (const id of ['settings-ways', 'settings-form', 'settings-more']) byID(id).hidden = asked;
    byID('settings-sure').hidden = !asked;
    byID(asked ? 'settings-sure-headline' : 'settings-remove').focus();
  }

  return {
    turn: ({ about }) => about,
    show({ reach }) {
      const { user } = account() ?? {};
      app.write('settings-line', 'settings.line', { user });
      app.write('settings-sure-line', 'settings.remove.line', { user });
      byID('settings-requests').hidden = !['later', 'failed'].includes(reach);
    },
    focus() {
      const { name, lock } = account();
      byID('settings-name').value = name;
      byID('settings-locked').checked = lock !== '';
      byID('settings-told').textContent = '';
      app.complain('settings-wrong', '');
      hasLock().then((has) => { byID('settings-lock').hidden = !has && !lock; });
      for (const id of ['settings-ways', 'settings-form', 'settings-more']) byID(id).hidden = false;
      byID('settings-sure').hidden = true;
    },
  };
}
