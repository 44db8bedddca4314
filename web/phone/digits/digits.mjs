// Six digits, to be compared with those in the browser. The phone shows its
// own, made from the ticket and its key; it compares nothing by itself. Where the
// browser is this one, the set-up compares them, and this page leads back to it.
import { setUpOf } from '../../page/here.mjs';
import { plain } from '../../page/text.mjs';
import { cancel } from '../pairing.mjs';
import { grouped } from '../tokens.mjs';

export default function digits(app) {
  const { byID } = app;
  byID('digits-cancel').addEventListener('click', () => cancel(app));
  const six = () => app.account(app.state.pairing.account)?.six ?? '';
  const form = () => (setUpOf(six()) ? 'here.' : '');
  return {
    show() {
      const back = setUpOf(six());
      app.write('digits-headline', `digits.${form()}headline`);
      app.write('digits-line', `digits.${form()}line`);
      byID('digits-six').textContent = grouped(six());
      for (const id of ['digits-six', 'digits-waiting', 'digits-safe']) byID(id).hidden = back !== '';
      byID('digits-back').hidden = back === '';
      byID('digits-back').href = back;
    },
    aloud() {
      if (form()) return ['headline', 'line'].map((part) => plain(app.words.parts(`digits.here.${part}`))).join('. ');
      return app.words.text('digits.aloud', { digits: [...six()].join(' ') });
    },
  };
}
