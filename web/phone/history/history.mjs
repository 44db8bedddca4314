// The last sign-ins of every account here: was this me?
import { write } from '../../page/text.mjs';
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

  // named is where it was, and for a change what it was.
  const named = (s) => [s.application, ...(s.purpose === 'change' ? [s.action] : [])]
    .flatMap((text, i) => [...(i ? [{ text: ' · ' }] : []), { text, value: true }]);

  function line(tag, parts) {
    const e = document.createElement(tag);
    write(e, parts);
    return e;
  }

  return {
    show({ accounts, history: known, online }) {
      const all = accounts.flatMap((a) => (known[a.id] ?? []).map((s) => ({ ...s, user: a.user })));
      all.sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
      const nothing = online ? 'history.none' : 'history.offline';
      app.write('history-line', all.length > 0 ? 'history.line' : nothing);
      byID('history-list').replaceChildren(...all.map(entry));
    },
    focus() {
      for (const a of app.state.accounts) if (a.state === 'active') app.requests.history(a.id);
    },
  };
}
