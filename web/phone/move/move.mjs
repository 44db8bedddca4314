// To a new phone: this one shows the link and compares the digits, and is gone
// in the step that makes the new one active.
import { openLock } from '../lock.mjs';
import { grouped } from '../tokens.mjs';

export default function move(app) {
  const { byID } = app;
  const account = () => app.account(app.state.about);
  let pairing = null; // what the server says of the move, or null before
  let run = 0; // a number for each time the screen is opened

  const path = () => `/v1/phone/pairings/${pairing.id}`;

  async function open() {
    run += 1;
    const mine = run;
    const a = account();
    pairing = null;
    draw();
    if (a.lock && !await openLock(a.lock)) return app.complain('move-wrong', 'request.locked');
    try {
      pairing = await app.line.call(a, 'POST', '/v1/phone/pairings', { replace: true });
      byID('move-qr').src = `data:image/svg+xml,${encodeURIComponent(pairing.qr_svg)}`;
      byID('move-qr').alt = app.words.text('move.qr');
      draw();
      await follow(a, mine);
    } catch (err) {
      if (mine === run) app.complain('move-wrong', err.kind === 'person-locked' ? 'move.held' : app.failure(err));
    }
    return undefined;
  }

  // follow waits for the new phone, until the pairing ends or the screen goes.
  async function follow(a, mine) {
    while (mine === run && app.state.where === 'move') {
      let next;
      try {
        next = await app.line.call(a, 'GET', `${path()}?wait=25s&version=${pairing.version ?? 0}`);
      } catch (err) {
        if (err.kind === 'phone-unknown') next = { state: 'active' }; // this phone is gone: the new one is there
        else if (err.kind === 'pairing-not-found') next = { state: 'expired' };
      }
      if (mine !== run) return;
      if (next) pairing = { ...pairing, ...next };
      else await new Promise((again) => { setTimeout(again, 1500); });
      if (['active', 'refused', 'expired'].includes(pairing.state)) return end(a, pairing.state === 'active');
      draw();
    }
  }

  async function end(a, moved) {
    run += 1;
    app.set({ where: '', said: { kind: moved ? 'moved' : 'unmoved', values: { user: a.user } } });
    if (moved) await app.forget(a);
  }

  function draw() {
    const claimed = pairing?.state === 'claimed';
    app.complain('move-wrong', '');
    app.write('move-headline', claimed ? 'move.compare.headline' : 'move.headline');
    app.write('move-line', claimed ? 'move.compare.line' : 'move.line', { phone: pairing?.phone?.name, user: account()?.user });
    byID('move-open').hidden = !pairing || claimed;
    byID('move-compare').hidden = !claimed;
    byID('move-six').textContent = claimed ? grouped(pairing.digits) : '';
    if (claimed) app.say('assertive', `${byID('move-headline').textContent} ${app.words.text('digits.aloud', { digits: [...pairing.digits].join(' ') })}`);
  }

  async function confirm(match) {
    for (const id of ['move-yes', 'move-no']) byID(id).disabled = true;
    try {
      const a = account();
      await app.line.call(a, 'POST', `${path()}/confirm`, { match });
      await end(a, match);
    } catch (err) {
      app.complain('move-wrong', app.failure(err));
    }
    for (const id of ['move-yes', 'move-no']) byID(id).disabled = false;
  }

  byID('move-yes').addEventListener('click', () => confirm(true));
  byID('move-no').addEventListener('click', () => confirm(false));
  byID('move-copy').addEventListener('click', () => app.copy(pairing.pair_url, 'move-told'));
  return { show() {}, focus() { open(); } };
}
