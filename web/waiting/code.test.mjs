// Codes as people type them, and what is said of those that are not taken. The
// table is shared with the page that has no script.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { catalogue } from '../page/catalogue.test.mjs';
import { awaits, nextCode, nextCodeIn, read, refusal } from './code.mjs';

const words = catalogue('waiting');
const table = JSON.parse(readFileSync(new URL('../testdata/waiting-states.json', import.meta.url), 'utf8'));

for (const [typed, want] of table.codes) {
  test(`${JSON.stringify(typed)} is ${want ? `read as ${want}` : 'not a code'}`, () => {
    assert.equal(read(typed), want);
  });
}

for (const want of table.refusals) {
  test(`a code that is ${want.name}`, () => {
    const problem = { kind: want.problem, members: { code_attempts_left: want.tries_left }, retryAfter: want.retry_after };
    assert.deepEqual(refusal(words, problem, want.code, want.phone_asked, table.asking), { headline: want.headline, line: want.line });
  });
}

for (const { at, line } of table.next_codes) {
  test(`at ${at} ${line}`, () => {
    assert.equal(nextCode(words, nextCodeIn(Date.parse(at))), line);
  });
}

test('when it has come, it is there', () => {
  assert.equal(nextCode(words, 0), 'A new code is there now.');
});

test('the next code is waited for where one was wrong or used, and of no paper', () => {
  const kinds = ['code-wrong', 'code-used', 'code-kind-refused', 'codes-blocked', 'offline'];
  assert.deepEqual(kinds.map((kind) => awaits({ kind }, '123456')), [true, true, false, false, false]);
  assert.deepEqual(kinds.map((kind) => awaits({ kind }, 'K7Q0M2XR9TBDW4H9')), [false, false, false, false, false]);
});

test('every other problem leaves the person with something to do', () => {
  for (const kind of ['offline', 'unavailable', 'internal']) {
    assert.match(refusal(words, { kind }, '123456', true).line, /try once more/, kind);
  }
});
