// What this phone is asked: fetched while the page is in sight, answered once,
// and taken down when it is over.
import { Countdown } from '../waiting/clock.mjs';
import { openLock } from './lock.mjs';
import { answerKind, goneKind, ordered, shownOf, signIn } from './place.mjs';
import { answer } from './tokens.mjs';

const look = 1500; // ms between two looks while something is asked
const soon = 700; // ms
const rest = 2000; // ms after a failure, doubling up to a minute
const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

export class Requests {
  #app;
  #following = null; // an AbortController while the page is in sight
  #busy = ''; // id of the request that is being answered
  #ended = new Set(); // ids of requests that were said to be over

  constructor(app) { this.#app = app; }

  get #state() { return this.#app.state; }
  get #active() { return this.#state.accounts.filter((a) => a.state === 'active'); }

  // current is the request on the screen.
  get current() { return this.#state.requests[0]; }

  // start follows every account, those that came meanwhile too.
  start() {
    this.stop();
    if (document.hidden) return;
    this.#following = new AbortController();
    for (const { id } of this.#active) this.#follow(id, this.#following.signal);
  }

  stop() {
    this.#following?.abort();
    this.#following = null;
  }

  async #follow(id, signal) {
    let failures = 0;
    while (!signal.aborted && this.#app.account(id)?.state === 'active') {
      const asked = this.#state.requests.some((r) => r.account === id);
      // After a failure the answer shows that the server is back: no wait.
      const got = await this.#fetch(id, asked || failures > 0 ? '' : '?wait=25s', signal);
      if (signal.aborted) return;
      failures = got ? 0 : failures + 1;
      if (failures > 0 || this.#state.requests.length > 0) await pause(failures > 0 ? Math.min(60_000, rest * 2 ** (failures - 1)) : look);
    }
  }

  async #failed(id, err) {
    const account = this.#app.account(id);
    if (err.kind === 'phone-unknown' && account) await this.#app.removed(account);
    else if (err.kind === 'offline') this.#app.set({ online: false });
  }

  // #fetch says whether there was an answer.
  async #fetch(id, query, signal) {
    let got;
    try {
      got = await this.#app.line.call(this.#app.account(id), 'GET', `/v1/phone/approvals${query}`, undefined, signal);
    } catch (err) {
      if (!signal?.aborted) await this.#failed(id, err);
      return false;
    }
    if (!signal?.aborted) this.#heard(id, got);
    return true;
  }

  // look fetches at once, for all accounts.
  look() {
    return Promise.all(this.#active.map(({ id }) => this.#fetch(id, '')));
  }

  // open shows exactly this request, or says what has become of it.
  async open(id) {
    this.#app.set({ opened: id, said: null, reporting: false, where: '', requests: ordered(this.#state.requests, id) });
    await this.look();
    if (this.#state.online && this.#state.opened === id && !this.#state.requests.some((r) => r.id === id)) await this.#gone({ id, shown: {} });
  }

  #heard(account, { approvals, server_time: serverTime }) {
    const mine = this.#state.requests.filter((r) => r.account === account);
    const asked = (r) => r.over || r.id === this.#busy || approvals.some((a) => a.id === r.id);
    const over = mine.find((r) => r === this.current && !asked(r)); // stays until it is known why
    const kept = this.#state.requests.filter((r) => r.account !== account || r === over || asked(r));
    // What was said to be over does not come back: the server's clock may be
    // a moment behind the ring.
    const fresh = approvals.filter((a) => !this.#ended.has(a.id) && !mine.some((r) => r.id === a.id)).map((a) => this.#request(account, a, serverTime));
    this.#app.set({ online: true, requests: ordered([...kept, ...fresh], over?.id ?? this.#state.opened) });
    // There is one at a time for a person and an application: a newer one took
    // the place of this.
    const newer = over && fresh.some((r) => r.shown.application === over.shown.application);
    if (over) this.#gone(over, newer ? { state: 'withdrawn', reason: 'replaced' } : null);
    // Somebody waits: that comes before what was done, and before a first look.
    if (fresh.length > 0 && !over) this.#app.set({ said: null, pairing: this.#state.pairing?.step === 'ready' ? null : this.#state.pairing });
    if (fresh.length > 0) this.history(account);
  }

  #request(account, { id, display, nonce, number_digits: digits, expires_at: expires }, serverTime) {
    const countdown = new Countdown();
    countdown.set({ expires_at: expires, server_time: serverTime }, performance.now());
    const shown = shownOf(display);
    return { account, id, display, nonce, digits, countdown, shown: shown ?? {}, readable: Boolean(shown) };
  }

  // history fetches the last sign-ins of an account.
  async history(account) {
    try {
      const { sign_ins: list } = await this.#app.line.call(this.#app.account(account), 'GET', '/v1/phone/history');
      this.#app.set({ history: { ...this.#state.history, [account]: list } });
      return list;
    } catch {
      return this.#state.history[account] ?? [];
    }
  }

  // seen tells the server, once, that the person has the request before them.
  seen(request) {
    if (request.seen) return;
    request.seen = true;
    this.#app.line.call(this.#app.account(request.account), 'POST', `/v1/phone/approvals/${request.id}/seen`).catch(() => {});
    this.#app.registration?.getNotifications({ tag: request.id }).then((all) => all.forEach((n) => n.close()), () => {});
  }

  // timeUp takes a request down whose time is over, also without a network.
  timeUp(request) {
    if (request.id !== this.#busy && !request.over) this.#gone(request);
  }

  // #gone says how a request ended that was not answered here; known is what
  // there is without asking for the last sign-ins, which name the phone too.
  async #gone(request, known = null) {
    request.over = true;
    // Times come in whole seconds: the server may end it a little before the ring does.
    if ((request.countdown?.seconds(performance.now()) ?? Infinity) <= 3) known ??= { state: 'expired' };
    let settled = null;
    const byWhom = !known || known.state === 'approved' || known.state === 'denied';
    for (const { id } of byWhom ? this.#active : []) settled ??= await this.#past(id, request.id);
    settled ??= known;
    this.#end(goneKind(settled), request, settled);
  }

  // #past finds how a request ended among the last sign-ins, which learn of it
  // a moment after it did.
  async #past(account, id) {
    for (const wait of [0, soon]) {
      await pause(wait);
      const found = (await this.history(account)).find((s) => s.approval_id === id && s.state !== 'pending');
      if (found) return found;
    }
    return null;
  }

  #end(kind, request, settled) {
    request.over = true;
    this.#ended.add(request.id);
    const values = {
      application: request.shown.application || settled?.application || this.#app.words.text('some-application'),
      phone: settled?.settled_by || this.#app.words.text('some-phone'),
      action: request.shown.action || settled?.action || signIn,
    };
    const requests = this.#state.requests.filter((r) => r !== request);
    this.#app.set({ requests, opened: '', reporting: false, said: { kind, values, request: request.id } });
  }

  // answer signs and sends what the person decided. It gives the key of what to
  // say when nothing was settled, with the values for it, or nothing.
  async answer(decision, number = '') {
    const request = this.current;
    const account = this.#app.account(request.account);
    this.#busy = request.id;
    this.#app.set({ busy: true });
    try {
      const verified = decision === 'approve' && account.lock !== '';
      if (verified && !await openLock(account.lock)) return 'request.locked';
      const settled = await this.#send(account, request, { decision, number, verified });
      this.#end(answerKind(settled), request, null);
      this.history(account.id);
      return '';
    } catch (err) {
      return await this.#refused(request, account, err);
    } finally {
      this.#busy = '';
      this.#app.set({ busy: false });
    }
  }

  // #send tries twice with the same bytes, which count once: a reply that was
  // lost on its way costs nothing.
  async #send(account, request, decided) {
    const path = `/v1/phone/approvals/${request.id}/answer`;
    const body = { answer: await answer(account, this.#app.server, request, decided, this.#app.line.unix()) };
    try {
      return await this.#app.line.call(account, 'POST', path, body);
    } catch (err) {
      if (err.kind !== 'offline') throw err;
      await pause(800);
      return this.#app.line.call(account, 'POST', path, body);
    }
  }

  async #refused(request, account, err) {
    switch (err.kind) {
      case 'number-wrong':
        if (err.members.number_attempts_left > 0) return 'request.wrong';
        this.#end('mismatch', request, null);
        return '';
      case 'approval-settled':
      case 'approval-not-found':
        await this.#gone(request, err.kind === 'approval-settled' ? err.members : null);
        return '';
      case 'user-verification-needed': return 'request.lock-needed';
      case 'answer-clock':
        await this.look(); // which brings the server's time
        return 'request.clock';
      case 'phone-unknown':
        await this.#app.removed(account);
        this.#app.set({ requests: this.#state.requests.filter((r) => r !== request) });
        return '';
      default: return this.#app.failure(err);
    }
  }
}
