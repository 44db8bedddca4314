// How something ended: an answer, a request, a link, a phone.
import { cameOver } from '../../page/here.mjs';
import { plain } from '../../page/text.mjs';
import { signIn } from '../place.mjs';

const icons = {
  approved: 'tick', moved: 'tick', approvedElsewhere: 'tick', byCode: 'tick',
  reported: 'shield', halted: 'shield', reportedElsewhere: 'shield', mismatch: 'shield', tooManyCodes: 'shield', broken: 'shield',
  denied: 'no', deniedElsewhere: 'no', cancelled: 'no', refused: 'no', forgotten: 'no', unmoved: 'no', old: 'no',
  replaced: 'swap',
};
const alarming = ['mismatch', 'tooManyCodes', 'refused', 'broken', 'old'];

export default function said(app) {
  const { byID } = app;
  byID('said-done').addEventListener('click', () => app.set({ said: null }));
  // Nobody is signed in by the approval of a change, nor kept out by its refusal.
  const isAct = (kind, values) => (values?.action ?? signIn) !== signIn && app.words.has(`said.act.${kind}`);
  const lineOf = (kind, values) => (isAct(kind, values) ? `said.act.${kind}` : `said.${kind}.line`);
  return {
    turn: ({ said: { kind } }) => kind,
    show({ said: { kind, values, request }, requests }) {
      app.write('said-headline', `said.${kind}.headline`, values);
      app.write('said-line', lineOf(kind, values), values);
      app.write('said-back', isAct(kind, values) ? 'said.act.back' : 'said.back');
      byID('said-icon').setAttribute('href', `#icon-${icons[kind] ?? 'clock'}`);
      byID('said-badge').dataset.tone = alarming.includes(kind) ? 'alarm' : 'calm';
      byID('said-back').hidden = !cameOver(request);
      byID('said-back').href = `${app.base}/waiting/${request}`;
      byID('said-done').hidden = kind === 'broken';
      byID('said-done').classList.toggle('primary', byID('said-back').hidden);
      app.write('said-done', requests.length > 0 ? 'next' : 'done');
    },
    aloud: ({ said: { kind, values } }) => [`said.${kind}.headline`, lineOf(kind, values)].map((key) => plain(app.words.parts(key, values))).join('. '),
  };
}
