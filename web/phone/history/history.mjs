// The last sign-ins of every account here, and what has changed in how they are
// made: was this me?
import { write } from '../../page/text.mjs';
import { changeOf, fetchNotices, look, noticesOf } from '../notices.mjs';
import { goneKind } from '../place.mjs';

export default function history(app) {
  const { byID } = app;

  function entry(s) {
    const li = document.createElement('li');
    const kind = s.state === 'pending' ? 'pending' : s.state === 'approved' && s.method === 'push' ? 'approved' : goneKind(s);
    li.dataset.kind = kind;
    const phone = s.this_phone ? app.words.text('history.this-phone') : s.settled_by || app.words.text('some-phone');
    li.append(
      line('b', named(s)),
      line('span', app.words.parts(`history.${kind}`, { phone })),
      line('span', [s.browser, s.location, s.ip].filter(Boolean).flatMap((text, i) => [...(i ? [{ text: ' · ' }] : []), { text, value: true }])),
      line('time', [{ text: app.words.ago(Date.parse(s.at), app.line.now()) }]),
    );
    return li;
  }

  function changed(n) {
    const li = document.createElement('li');
    li.dataset.kind = 'change';
    li.append(line('b', changeOf(app.words, n)), line('span', [{ text: n.where ?? '', value: true }]), line('time', [{ text: app.words.ago(Date.parse(n.at), app.line.now()) }]));
    if (n.state === 'stopped') li.append(line('span', app.words.parts('history.stopped')));
    if (n.state === 'open') li.append(notMe(n));
    return li;
  }

  function notMe(n) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'quiet';
    write(button, app.words.parts('request.not-me'));
    button.addEventListener('click', () => app.go('stop', n.id));
    return button;
  }

  // named is where it was, and for a change what it was.
  const named = (s) => [s.application, ...(s.purpose === 'change' ? [s.action] : [])]
    .flatMap((text, i) => [...(i ? [{ text: ' · ' }] : []), { text, value: true }]);

  function line(tag, parts) {
    const e = document.createElement(tag);
    write(e, parts);
    return e;
  }

  return {
    show(state) {
      const signIns = state.accounts.flatMap((a) => state.history[a.id] ?? []).map((s) => ({ at: s.at, draw: () => entry(s) }));
      const changes = noticesOf(state).map((n) => ({ at: n.at, draw: () => changed(n) }));
      const all = [...signIns, ...changes].sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
      const nothing = state.online ? 'history.none' : 'history.offline';
      app.write('history-line', all.length > 0 ? 'history.line' : nothing);
      byID('history-list').replaceChildren(...all.map((one) => one.draw()));
      look(app, Math.max(0, ...changes.map((c) => Date.parse(c.at))));
    },
    focus() {
      for (const a of app.state.accounts) if (a.state === 'active') app.requests.history(a.id);
      fetchNotices(app);
    },
  };
}
