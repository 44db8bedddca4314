// What a new phone can take the place of.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogue } from '../page/catalogue.test.mjs';
import { placesOf, replacing } from './new-phone.mjs';

const words = catalogue('security');
const none = ['', words.text('security.new-phone.none')];
const all = ['all', words.text('security.new-phone.all')];
const [one, two] = [{ id: 'p1', name: 'Old phone' }, { id: 'p2', name: 'Old Pixel' }];

test('an only phone is the likely one to go, and may stay', () => {
  assert.deepEqual(placesOf(words, [one]), { places: [['p1', 'Old phone'], none], likely: 'p1' });
});

test('of several one or all may go, and none does until the person says so', () => {
  assert.deepEqual(placesOf(words, [one, two]), { places: [['p1', 'Old phone'], ['p2', 'Old Pixel'], all, none], likely: '' });
});

test('where there is no phone none can go', () => {
  assert.deepEqual(placesOf(words, []), { places: [none], likely: '' });
});

test('each place is a change of its own', () => {
  assert.deepEqual(['p1', 'all', ''].map(replacing), [{ kind: 'replace_phone', phone_id: 'p1' }, { kind: 'replace_phones' }, { kind: 'add_phone' }]);
});
