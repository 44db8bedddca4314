import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fold, wrong } from './answers.mjs';

const given = (...answers) => answers.map((answer, i) => ({ question: `q${i}`, answer }));

for (const [name, all, key, at] of [
  ['nothing', given('Zottel', 'Risotto', 'Faust'), null],
  ['an answer too short', given('Zottel', 'Ri!', 'Faust'), 'forms.questions.length', 1],
  ['an answer too long', given('Zottel', 'Risotto', 'f'.repeat(65)), 'forms.questions.length', 2],
  ['no answer', given('', 'Risotto', 'Faust'), 'forms.questions.length', 0],
  ['an answer twice', given('Zottel', 'Risotto', 'ZOT-tel'), 'forms.questions.same', 2],
  ['no question', [{ question: '', answer: 'Zottel' }, ...given('Risotto', 'Faust')], 'forms.questions.choose', 0],
]) {
  test(`wrong is ${name}`, () => {
    const got = wrong(all);
    assert.equal(got?.key ?? null, key);
    if (key) assert.equal(got.at, at);
  });
}

test('an answer is compared by its letters and digits', () => {
  assert.equal(fold(' Herr ZOTTEL, der 2.! '), 'herrzottelder2');
  assert.equal(fold('Zoe\u0308'), 'zoë');
});
