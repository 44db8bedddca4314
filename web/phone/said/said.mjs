// How something ended: an answer, a request, a link, a phone.
import { cameOver } from '../../page/here.mjs';
import { plain } from '../../page/text.mjs';

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
  return {
    turn: ({ said: { kind } }) => kind,
    show({ said: { kind, values, request }, requests }) {
      app.write('said-headline', `said.${kind}.headline`, values);
      app.write('said-line', `said.${kind}.line`, values);
      byID('said-icon').setAttribute('href', `#icon-${icons[kind] ?? 'clock'}`);
      byID('said-badge').dataset.tone = alarming.includes(kind) ? 'alarm' : 'calm';
      byID('said-back').hidden = !cameOver(request);
      byID('said-back').href = `${app.base}/waiting/${request}`;
      byID('said-done').hidden = kind === 'broken';
      byID('said-done').classList.toggle('primary', byID('said-back').hidden);
      app.write('said-done', requests.length > 0 ? 'next' : 'done');
    },
    aloud: ({ said: { kind, values } }) => ['headline', 'line'].map((part) => plain(app.words.parts(`said.${kind}.${part}`, values))).join('. '),
  };
}
