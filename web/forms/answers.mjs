// What answers to security questions take, as far as the page can tell; the
// server knows the rest. Pure.

const least = 3;
const most = 64;

// fold is an answer as it is compared: letters, with their marks, and digits.
export const fold = (text) => text.normalize('NFKC').toLowerCase().replace(/[^\p{L}\p{M}\p{Nd}]/gu, '');

// wrong says what is wrong with three questions and answers, or gives null: the
// key of a sentence, and at which of them to look.
export function wrong(given) {
  const folded = given.map(({ answer }) => fold(answer));
  for (const [at, { question }] of given.entries()) {
    const length = [...folded[at]].length;
    if (question === '') return { key: 'forms.questions.choose', at, part: 'question' };
    if (length < least || length > most) return { key: 'forms.questions.length', at, part: 'answer' };
    if (folded.indexOf(folded[at]) < at) return { key: 'forms.questions.same', at, part: 'answer' };
  }
  return null;
}
