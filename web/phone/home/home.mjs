// Nothing asked: accounts with their codes, and what stands in the way.
import { write } from '../../page/text.mjs';
import { code, life } from '../codes.mjs';
import { changeOf, unlooked } from '../notices.mjs';
import { troubles } from '../place.mjs';
import { turnReachOn } from '../reach.mjs';
import { unseal } from '../store.mjs';
import { grouped } from '../tokens.mjs';

const svg = 'http://www.w3.org/2000/svg';
const mendable = ['push.later', 'push.failed'];

function element(tag, attributes = {}, ...children) {
  const e = tag === 'circle' || tag === 'svg' || tag === 'use' ? document.createElementNS(svg, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) e.setAttribute(name, value);
  e.append(...children);
  return e;
}

export default function home(app) {
  const { byID } = app;
  const cards = new Map(); // by account id
  let told = '';

  byID('home-recent').addEventListener('click', () => app.go('history'));
  byID('home-look').addEventListener('click', () => app.go('change', unlooked(app.state).id));
  byID('home-add').addEventListener('click', () => app.go('welcome'));

  function card(account) {
    const c = { name: element('bdi'), digits: element('span', { class: 'digits', translate: 'no' }), at: -1 };
    c.arc = element('circle', { class: 'arc', cx: 18, cy: 18, r: 15.5, pathLength: 100, 'stroke-dasharray': '100 100' });
    const ring = element('svg', { class: 'ring', viewBox: '0 0 36 36', 'aria-hidden': 'true' }, element('circle', { cx: 18, cy: 18, r: 15.5 }), c.arc);
    c.code = element('button', { class: 'code', type: 'button' }, c.digits, ring);
    c.code.addEventListener('click', () => c.six && app.copy(c.six, 'home-told'));
    c.more = element('button', { class: 'more', type: 'button' }, c.name, element('svg', { viewBox: '0 0 32 32', 'aria-hidden': 'true' }, element('use', { href: '#icon-more' })));
    c.more.addEventListener('click', () => app.go('settings', account.id));
    c.li = element('li', {}, c.more, c.code);
    return c;
  }

  // refresh makes the code anew once its time is over.
  async function refresh(id, c) {
    const { totp, user } = app.account(id) ?? {};
    c.code.disabled = !totp;
    if (!totp) {
      c.digits.textContent = app.words.text('home.no-code');
      return;
    }
    const now = app.line.now();
    c.arc.setAttribute('stroke-dashoffset', String(100 * (1 - life(totp, now).share)));
    const at = Math.floor(now / 1000 / totp.period);
    if (at === c.at) return;
    c.at = at;
    c.key ??= await unseal(await app.store.sealKey(), id, totp);
    c.six = await code(c.key, totp, now);
    c.digits.textContent = grouped(c.six);
    c.code.setAttribute('aria-label', app.words.text('home.code', { user, code: grouped(c.six) }));
  }

  function notes(state) {
    const found = troubles(state);
    const key = JSON.stringify(found);
    if (key === told) return;
    told = key;
    byID('home-troubles').hidden = found.length === 0;
    byID('home-line').hidden = found.length > 0;
    byID('home-troubles').replaceChildren(...found.map(note));
  }

  // changed tells of what changed since the person last looked.
  function changed(state) {
    const n = unlooked(state);
    byID('home-changed').hidden = !n;
    write(byID('home-change'), n ? changeOf(app.words, n) : []);
  }

  function note({ kind, values, account, at }) {
    const p = element('p');
    write(p, app.words.parts(`trouble.${kind}`, { ...values, when: app.words.moment(at ?? 0) }));
    const li = element('li', {}, p);
    if (account) li.append(button('trouble.forget', () => app.forget(app.account(account))));
    if (mendable.includes(kind)) li.append(button('notify.on', () => turnReachOn(app)));
    return li;
  }

  function button(key, action) {
    const b = element('button', { class: 'quiet', type: 'button' }, app.words.text(key));
    b.addEventListener('click', action);
    return b;
  }

  return {
    show(state) {
      notes(state);
      changed(state);
      const active = state.accounts.filter((a) => a.state === 'active');
      for (const a of active) {
        if (!cards.has(a.id)) cards.set(a.id, card(a));
        const c = cards.get(a.id);
        c.name.textContent = a.user;
        c.more.setAttribute('aria-label', app.words.text('home.settings', { user: a.user }));
      }
      const list = active.map((a) => cards.get(a.id).li);
      if (list.some((li, i) => byID('home-accounts').children[i] !== li) || byID('home-accounts').children.length !== list.length) {
        byID('home-accounts').replaceChildren(...list);
      }
      byID('home-told').hidden = byID('home-recent').hidden = active.length === 0;
      this.tick(state);
    },
    tick({ accounts }) {
      for (const { id, state } of accounts) if (state === 'active' && cards.has(id)) refresh(id, cards.get(id));
    },
  };
}
