import assert from 'node:assert/strict';
import { test } from 'node:test';
import { webAddress } from './address.mjs';

test('a browser is sent to web addresses alone', () => {
  assert.equal(webAddress('https://books.example.com/signed-in?tab=1'), 'https://books.example.com/signed-in?tab=1');
  for (const no of ['javascript:alert(1)', 'data:text/html,x', '/signed-in', '//books.example.com', '', undefined, null]) {
    assert.equal(webAddress(no), '', String(no));
  }
});
