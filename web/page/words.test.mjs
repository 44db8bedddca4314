// Lists, dates and counts follow the language.
import assert from 'node:assert/strict';
import test from 'node:test';
import { catalogue } from './catalogue.test.mjs';

test('names are listed as the language lists them', () => {
  const lists = (language) => [catalogue('waiting', language).oneOf(['A', 'B', 'C']), catalogue('waiting', language).allOf(['A', 'B'])];
  assert.deepEqual(lists('en'), ['A, B, or C', 'A and B']);
  assert.deepEqual(lists('de'), ['A, B oder C', 'A und B']);
  assert.deepEqual(lists('fr'), ['A, B ou C', 'A et B']);
});

test('a day is written out as the language does', () => {
  const at = new Date(2026, 10, 24, 14, 5).getTime();
  assert.match(catalogue('recovery', 'de').date(at), /^Dienstag, 24\. November um 14:05$/);
  assert.match(catalogue('recovery', 'fr').date(at), /^mardi 24 novembre à 14:05$/);
});

test('none is said as the language says it', () => {
  assert.equal(catalogue('waiting', 'fr').text('waiting.seconds-left', { count: 0 }), 'encore 0 seconde');
  assert.equal(catalogue('waiting', 'de').text('waiting.seconds-left', { count: 0 }), 'noch 0 Sekunden');
});
