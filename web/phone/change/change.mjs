// One change of how this person signs in: what, to what, when and whence.
import { write } from '../../page/text.mjs';
import { changeOf, look, noticeOf } from '../notices.mjs';

export default function change(app) {
  const { byID } = app;
  byID('change-done').addEventListener('click', () => app.set({ where: '', about: '' }));
  byID('change-not-me').addEventListener('click', () => app.go('stop', app.state.about));

  function fact(parts) {
    const li = document.createElement('li');
    write(li, parts);
    return li;
  }

  const lines = { open: 'change.ask', stopped: 'change.stopped', over: 'change.late' };

  return {
    turn: ({ about }) => about,
    show(state) {
      const n = noticeOf(state, state.about);
      const open = n?.state === 'open';
      byID('change-not-me').hidden = !open;
      app.write('change-done', open ? 'change.me' : 'done');
      if (!n) return app.write('change-headline', 'changed.other');
      write(byID('change-headline'), changeOf(app.words, n));
      const facts = [
        app.words.parts('request.as', { user: n.user }),
        n.application && [{ text: n.application, value: true }],
        n.where && [{ text: n.where, value: true }],
        n.because && app.words.parts('change.because', { because: n.because }),
        [{ text: app.words.ago(Date.parse(n.at), app.line.now()) }],
      ];
      byID('change-facts').replaceChildren(...facts.filter(Boolean).map(fact));
      app.write('change-line', lines[n.state] ?? lines.over);
      look(app, Date.parse(n.at));
    },
  };
}
