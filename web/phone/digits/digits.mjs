// Six digits, to be compared with those in the browser. The phone shows its
// own, made from the ticket and its key; it compares nothing by itself.
import { cancel } from '../pairing.mjs';
import { grouped } from '../tokens.mjs';

export default function digits(app) {
  app.byID('digits-cancel').addEventListener('click', () => cancel(app));
  const six = () => app.account(app.state.pairing.account)?.six ?? '';
  return {
    show() { app.byID('digits-six').textContent = grouped(six()); },
    aloud: () => app.words.text('digits.aloud', { digits: [...six()].join(' ') }),
  };
}
