// What the page of a notice says in each state, as sentences.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { Words } from '../page/words.mjs';
import { plain } from '../page/text.mjs';
import { view } from './view.mjs';

const read = (name) => JSON.parse(readFileSync(new URL(`../${name}`, import.meta.url), 'utf8'));
// What has changed is said as on the phone page: the server adds it.
const changed = Object.fromEntries(Object.entries(read('words/en.json')).filter(([key]) => key.startsWith('changed.')).map(([key, s]) => [`notice.${key}`, s]));
const words = new Words('en', { ...read('page/words.en.json'), ...read('notice/words.en.json'), ...changed });

const open = {
  id: 'x', event: 'phone.paired', detail: 'Eve’s phone', user: 'ana@example.com', application: 'Northwind Books',
  at: '2026-11-01T10:00:00Z', where: 'Chrome on Windows, 203.0.113.9', state: 'open',
};
const stopped = { ...open, state: 'stopped', stopped: { at: '2026-11-02T08:30:00Z', recoveries: 1, set_ups: 2, trusted_browsers: 0 } };

for (const [name, state, lost, kind, headline, line] of [
  ['before anything is known', null, '', 'loading', 'One moment', 'Asking the server what happened.'],
  ['open', open, '', 'open', 'A phone was added', 'You were told because it protects the sign-in of ana@example.com.'],
  ['of an event that has no words', { ...open, event: 'of.later' }, '', 'open', 'Your sign-in security changed', 'You were told because it protects the sign-in of ana@example.com.'],
  ['stopped', stopped, '', 'stopped', 'It is stopped', 'It was said that this wasn’t ana@example.com. This is what that ended:'],
  ['over', { ...open, state: 'over' }, '', 'over', 'A phone was added', 'It can’t be stopped here any more: seven days have passed. If it wasn’t you, tell your administrator at once.'],
  ['of a state that there is not', { ...open, state: 'later' }, '', 'lost', 'This link doesn’t work', 'It may have been cut short, or is more than a month old. Open it from the mail again. If something was done that wasn’t you, tell your administrator.'],
  ['without its secret', null, 'no-secret', 'nowhere', 'Open the link from the mail', 'This page needs the whole link. Open it from the mail again, or tell your administrator.'],
  ['with a wrong secret', null, 'unauthorized', 'lost', 'This link doesn’t work', undefined],
  ['without a network', null, 'offline', 'unread', 'The server can’t be reached', 'Nothing was stopped yet. Try again, or tell your administrator.'],
]) {
  test(`a notice ${name}`, () => {
    const got = view(words, state, lost);
    assert.equal(got.kind, kind);
    assert.equal(plain(got.headline), headline);
    if (line) assert.equal(plain(got.line), line);
  });
}

const told = (state) => view(words, state).facts.map(({ name, value }) => `${plain(name)}: ${value}`);

test('what is known is told, and what is not is left out', () => {
  assert.deepEqual(told(open).filter((f) => !f.startsWith('When')), [
    'Phone: Eve’s phone', 'Account: ana@example.com', 'Signing in to: Northwind Books', 'From: Chrome on Windows, 203.0.113.9',
  ]);
  const bare = { ...open, event: 'browser.trusted', detail: 'Firefox', application: undefined, where: undefined, because: 'a call' };
  assert.deepEqual(told(bare).filter((f) => !f.startsWith('When')), ['Browser: Firefox', 'Account: ana@example.com', 'Reason given: a call']);
  assert.deepEqual(told(stopped), []);
});

test('what was ended is counted, and what there was none of is left out', () => {
  const ended = view(words, stopped).ended.map(plain);
  assert.deepEqual(ended.slice(0, 3), [
    'One new phone that was under way was stopped.', '2 set-ups that were open were ended.',
    'Your phones get no requests until an administrator has looked.',
  ]);
  assert.match(ended[3], /^This was done on .*November 2.*\.$/);
});
