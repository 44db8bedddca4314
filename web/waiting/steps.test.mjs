import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogue } from '../page/catalogue.test.mjs';
import { stays } from './steps.mjs';
import { view } from './view.mjs';

const words = catalogue('waiting');
const pending = { state: 'pending', next: 'wait', application: 'Northwind Books', phones: [], number: '47' };

for (const [name, state, want] of [
  ['it waits', pending, true],
  ['it has run out', { ...pending, state: 'expired' }, true],
  ['a phone has approved it', { ...pending, state: 'approved', method: 'push' }, false],
  ['a phone has said no', { ...pending, state: 'denied', reason: 'user' }, false],
  ['it was reported', { ...pending, state: 'denied', reason: 'reported' }, false],
  ['a newer one took its place', { ...pending, state: 'withdrawn', reason: 'replaced' }, false],
]) {
  test(`a step ${want ? 'stays' : 'gives way'} when ${name}`, () => assert.equal(stays(view(words, state)), want));
}

test('a step gives way when the server knows the sign-in no more', () => {
  assert.equal(stays(view(words, { ...pending, state: 'expired' }, { lost: 'unauthorized' })), false);
});
