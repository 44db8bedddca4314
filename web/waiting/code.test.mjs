import assert from 'node:assert/strict';
import test from 'node:test';
import { catalogue } from '../page/catalogue.test.mjs';
import { read, refusal } from './code.mjs';

const words = catalogue('waiting');

for (const [typed, want] of [
  ['123456', '123456'],
  [' 123 456 ', '123456'],
  ['123\u00a0456', '123456'],
  ['123-456', '123456'],
  ['１２３４５６', '123456'],
  ['12345678', '12345678'],
  ['k7q0-m2xr-9tbd-w4h9', 'K7Q0M2XR9TBDW4H9'],
  ['K7Q0–M2XR–9TBD–W4H9', 'K7Q0M2XR9TBDW4H9'],
  ['', ''],
  ['12345', ''],
  ['123456789', ''],
  ['12345a', ''],
  ['K7Q0-M2XR-9TBD', ''],
  ['<script>', ''],
]) {
  test(`${JSON.stringify(typed)} is ${want ? `read as ${want}` : 'not a code'}`, () => {
    assert.equal(read(typed), want);
  });
}

const says = (kind, code, members = {}, retryAfter = 0, phoneAsked = true) => refusal(words, { kind, members, retryAfter }, code, phoneAsked);

test('a wrong code says what to do and how many tries are left', () => {
  assert.equal(says('code-wrong', '123456', { code_attempts_left: 1 }).line,
    'That code didn’t match. Take the newest one from your app. One try left.');
  assert.equal(says('code-wrong', 'K7Q0M2XR9TBDW4H9', { code_attempts_left: 4 }).line,
    'That recovery code didn’t match. Look for one that you haven’t used. 4 tries left.');
});

test('a used code says to wait for the next, a used recovery code to take another', () => {
  assert.equal(says('code-used', '123456', { code_attempts_left: 4 }).line, 'That code has been used. Wait for the next one. 4 tries left.');
  assert.equal(says('code-used', 'K7Q0M2XR9TBDW4H9').line, 'That recovery code has been used. Take another one.');
});

test('blocked codes say when it goes on, and name the phone only if one was asked', () => {
  assert.deepEqual(says('codes-blocked', '123456', {}, 14 * 60 - 20), {
    headline: 'Too many wrong codes', line: 'You can try again in 14 minutes, or approve on your phone.',
  });
  assert.equal(says('codes-blocked', '123456', {}, 30, false).line, 'You can try again in one minute.');
});

test('every other problem leaves the person with something to do', () => {
  for (const kind of ['invalid-request', 'too-many-requests', 'offline', 'unavailable', 'internal']) {
    assert.match(says(kind, '123456').line, /try once more|has six digits/, kind);
  }
});
