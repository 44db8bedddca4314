// One request: who asks, what for, where from, how long left. The number comes
// from the screen of the sign-in, so that nobody approves what they do not see.
import { say, write } from '../../page/text.mjs';
import { newLock } from '../lock.mjs';
import { signIn, warnings } from '../place.mjs';

const helpDesk = 'Help desk is asking'; // its reference is a number to read out to them

export default function request(app) {
  const { byID } = app;
  const input = byID('request-number');
  let drawn = null;

  byID('request-form').addEventListener('submit', async (event) => {
    event.preventDefault();
    if (app.state.busy) return;
    const { digits } = drawn;
    const number = input.value.normalize('NFKC').replace(/\D/g, '');
    if (digits > 0 && number.length !== digits) return wrong('request.empty');
    wrong('');
    wrong(await app.requests.answer('approve', digits > 0 ? number : ''));
  });

  function wrong(key) {
    if (drawn !== app.requests.current) return;
    app.complain('request-wrong', key);
    input.setAttribute('aria-invalid', String(Boolean(key)));
    byID('request-lock').hidden = key !== 'request.lock-needed';
    if (key === 'request.wrong') input.value = '';
    if (key) input.focus();
  }

  byID('request-lock').addEventListener('click', async () => {
    const account = app.account(drawn.account);
    const lock = await newLock(account.user).catch(() => '');
    if (lock) await app.save({ ...account, lock });
    wrong(lock ? '' : 'request.lock-missing');
  });

  byID('request-not-me').addEventListener('click', () => {
    globalThis.history.pushState(null, '');
    app.set({ reporting: true });
  });

  // draw shows another request. Every value of it is text.
  function draw(r) {
    const { application, action, user, browser, location, ip, time } = r.shown;
    const calling = action === helpDesk;
    const reference = calling ? '' : r.shown.reference;
    app.write('request-headline', headlineOf(action), { application, action });
    const facts = [
      user && app.words.parts('request.as', { user }),
      browser && [{ text: browser, value: true }],
      location && app.words.parts('request.near', { location }),
      (ip || time) && [...(ip ? [{ text: ip, value: true }, { text: ' · ' }] : []), { text: app.words.ago(Date.parse(time), app.line.now()) }],
      reference && app.words.parts('request.reference', { reference }),
    ];
    byID('request-facts').replaceChildren(...facts.filter(Boolean).map(item));
    byID('request-tell').textContent = calling ? r.shown.reference : '';
    byID('request-tell').hidden = byID('request-care').hidden = !calling;
    app.write('request-not-me', calling ? 'request.not-calling' : 'request.not-me');
    byID('request-approve').hidden = !r.readable || calling;
    byID('request-label').hidden = input.hidden = r.digits === 0 || !r.readable;
    input.maxLength = Math.max(1, r.digits);
    input.value = '';
    wrong(r.readable ? '' : 'request.unreadable');
  }

  function headlineOf(action) {
    if (action === helpDesk) return 'request.calling';
    return action && action !== signIn ? 'request.action' : 'request.headline';
  }

  function item(parts) {
    const li = document.createElement('li');
    write(li, parts);
    return li;
  }

  return {
    turn: ({ requests }) => requests[0].id,
    focus: () => (input.hidden ? null : input),
    show({ requests, history, busy }) {
      const r = requests[0];
      if (r !== drawn) {
        drawn = r;
        draw(r);
      }
      const alone = r.shown.action === helpDesk ? 'request.call' : 'notification.title';
      app.write('request-count', requests.length > 1 ? 'request.count' : alone, { position: '1', count: requests.length });
      const both = warnings(r.shown, history[r.account]);
      const found = both.length > 1 ? ['newBoth'] : both;
      byID('request-warnings').hidden = found.length === 0;
      byID('request-warnings').replaceChildren(...found.map((kind) => item(app.words.parts(`request.${kind}`))));
      for (const id of ['request-approve', 'request-not-me']) byID(id).disabled = Boolean(busy);
      this.tick({ requests });
      if (document.visibilityState === 'visible') app.requests.seen(r);
    },
    tick({ requests }) {
      const now = performance.now();
      const { countdown } = requests[0];
      const left = countdown.seconds(now);
      app.write('request-left', 'request.left', { count: left });
      byID('request-arc').setAttribute('stroke-dashoffset', String(100 * (1 - countdown.share(now))));
      const mark = countdown.announce(now);
      if (mark) say(byID('polite'), app.words.text('request.seconds', { count: mark }));
      if (left === 0) app.requests.timeUp(requests[0]);
    },
  };
}
