// What the waiting screen says in each state, as sentences.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { catalogue } from '../page/catalogue.test.mjs';
import { plain } from '../page/text.mjs';
import { speaking } from './change.mjs';
import { view } from './view.mjs';

const words = catalogue('waiting');

const phone = (name, sent = 'accepted', seen = false) => ({ name, sent, seen });
const iphone = phone('Ana’s iPhone');

// The table is shared with the page that has no script: a test in Go reads it too.
const table = JSON.parse(readFileSync(new URL('../testdata/waiting-states.json', import.meta.url), 'utf8'));
const { asking } = table;
const cases = table.states.map((c) => [c.name, c.state, c.circumstances, c.kind]);

// actions are what a screen offers, by the keys of their words.
function actions(got) {
  const when = (is, key) => (is ? [key] : []);
  if (got.purpose === 'end') {
    return [
      ...when(got.newPhone, 'waiting.new-phone'), ...when(got.go, 'waiting.go-on'),
      ...when(got.onward, `waiting.onward.${got.onward}`), ...when(got.codeNext, 'waiting.use-code'),
    ];
  }
  return [
    ...when(got.kind !== 'phoneless', 'waiting.code.new-phone'),
    ...when(got.resend === 'ready', 'waiting.resend'), ...when(got.code === 'offered', 'waiting.use-code'), ...when(got.code === 'shown', 'waiting.code.send'),
    ...when(got.kind !== 'phoneless', 'waiting.without-phone'), 'waiting.disown', 'waiting.cancel',
  ];
}

for (const want of table.states) {
  test(want.name, () => {
    const state = { ...asking, ...want.state };
    const got = view(words, state, want.circumstances);
    assert.deepEqual({
      kind: got.kind, headline: plain(got.headline), line: plain(got.line).trim(), note: plain(got.note), number: got.number, tone: got.tone,
      actions: actions(got).map((key) => words.text(key, { application: state.application })),
    }, {
      kind: want.kind, headline: want.headline, line: want.line, note: want.note, number: want.number, tone: want.tone, actions: want.actions,
    });
  });
}

for (const { language, state, circumstances, line } of table.languages) {
  test(`in ${language}: ${line}`, () => {
    assert.equal(plain(view(catalogue('waiting', language), { ...asking, ...state }, circumstances).line).trim(), line);
  });
}

test('before the first word of the server nothing is claimed', () => {
  const got = view(words, null);
  assert.equal(got.kind, 'loading');
  assert.equal(got.number, '');
});

test('a page opened without its secret says where to begin', () => {
  assert.equal(view(words, null, { lost: 'no-secret' }).kind, 'nowhere');
});

test('the number is loud in the sentence and shown by itself', () => {
  const got = view(words, asking);
  assert.equal(got.number, '47');
  assert.deepEqual(got.line.filter((part) => part.strong).map((part) => part.text), ['47']);
});

test('a code can be used in every pending state of an application that takes them, and in none that is settled', () => {
  for (const [name, change, circumstances] of cases) {
    const got = view(words, { ...asking, ...change }, circumstances);
    assert.equal(got.code === 'none', got.purpose === 'end' || change.methods !== undefined, name);
  }
});

test('where no phone helps, the code field stands open and the page serves another purpose', () => {
  for (const kind of ['heldBack', 'codeOnly', 'pushLocked', 'byPolicy', 'noneReachable']) {
    const [, change, circumstances] = cases.find((c) => c[3] === kind);
    const got = view(words, { ...asking, ...change }, circumstances);
    assert.deepEqual([got.code, got.purpose, got.number], ['shown', 'code', '']);
  }
});

test('with no phone reachable, the number still helps who opens Countersign by hand', () => {
  const got = view(words, { ...asking, phones: [phone('Old Pixel', 'failed')] });
  assert.match(plain(got.note), /enter 47: the request is waiting there/);
});

test('who has the phone page in this browser may answer there, while phones are asked', () => {
  const here = (change, circumstances) => view(words, { ...asking, ...change }, { here: true, ...circumstances }).here;
  assert.equal(here({}), true);
  assert.equal(here({ methods: ['push'] }), true);
  assert.equal(here({ phones: [phone('My browser', 'failed')] }), true);
  assert.equal(here({}, { here: false }), false);
  assert.equal(here({}, { phoneless: true }), false);
  assert.equal(here({ next: 'code_only' }), false);
  assert.equal(here({ state: 'expired' }), false);
});

test('a phone that is said not to be there, and is opened, is spoken of', () => {
  const seen = { ...table.asking, phones: [{ name: 'Ana’s iPhone', sent: 'accepted', seen: true }] };
  assert.equal(view(words, seen, { phoneless: true }).kind, 'opened');
  assert.equal(view(words, { ...table.asking, methods: ['push'] }, { phoneless: true }).kind, 'asking');
});

test('resending waits for 15 seconds, ends with the budget, and is there only where it wakes a phone', () => {
  const resend = (change, circumstances) => view(words, { ...asking, ...change }, circumstances).resend;
  assert.equal(resend({}, { asked: 14.9 }), 'later');
  assert.equal(resend({}, { asked: 15 }), 'ready');
  assert.equal(resend({ phones: [phone('Old Pixel', 'failed')] }, { asked: 15 }), 'ready');
  assert.equal(resend({ resends_left: 0 }, { asked: 15 }), 'later');
  assert.equal(resend({}, { asked: 15, heldBack: true }), 'later');
  assert.equal(resend({ next: 'code_only' }, { asked: 15 }), 'none');
  assert.equal(resend({ phones: [phone('Tablet', 'none')] }, { asked: 15 }), 'none');
  assert.equal(resend({ state: 'expired' }, { asked: 15 }), 'none');
});

test('every settled state but approval and a page out of place has a way on', () => {
  for (const [name, change, circumstances, kind] of cases) {
    const got = view(words, { ...asking, ...change }, circumstances);
    if (got.purpose === 'end') assert.equal(got.onward !== '', kind !== 'approved', name);
  }
});

test('what was not approved leads back to the application when the person wants', () => {
  const denied = (address) => view(words, { ...asking, state: 'denied', reason: 'user', return_to: address });
  assert.deepEqual([denied('https://books.example.com/in?approval_id=a').back, denied().back, denied('javascript:alert(1)').back], ['https://books.example.com/in?approval_id=a', '', '']);
  assert.equal(view(words, { ...asking, state: 'approved', return_to: 'https://books.example.com/in' }).back, '');
});

test('only approval sends the browser anywhere, and only to a web address', () => {
  const to = (state, address) => view(words, { ...asking, state, return_to: address }).go;
  assert.equal(to('approved', 'https://books.example.com/in?a=1'), 'https://books.example.com/in?a=1');
  assert.equal(to('denied', 'https://books.example.com/in'), '');
  assert.equal(to('approved', 'javascript:alert(1)'), '');
  assert.equal(to('approved', 'data:text/html,hi'), '');
  assert.equal(to('approved', '/relative'), '');
});

test('who has no phone and came in by a code is offered a new one, and stays', () => {
  const approved = { ...asking, state: 'approved', method: 'totp', return_to: 'https://books.example.com/in' };
  const got = view(words, approved, { phoneless: true });
  assert.deepEqual([got.newPhone, got.go, plain(got.line)], [true, 'https://books.example.com/in', 'Set up your new phone now, while you are here? Northwind Books waits.']);
  assert.equal(view(words, { ...approved, method: 'recovery_code' }, { phoneless: true }).newPhone, true);
  assert.equal(view(words, { ...approved, method: 'push' }, { phoneless: true }).newPhone, false);
  assert.equal(view(words, approved).newPhone, false);
});

test('an approval that came stays approved when the server forgets it afterwards', () => {
  assert.equal(view(words, { ...asking, state: 'approved' }, { lost: 'approval-not-found' }).kind, 'approved');
});

test('a name with braces or markup is a name and nothing else', () => {
  const got = view(words, { ...asking, phones: [phone('{number}<b>')] });
  assert.equal(plain(got.line), 'Enter 47 on {number}<b> to sign in to Northwind Books.');
});

const change = { ...asking, ...table.change };

for (const { name, state: more, circumstances, headline, line } of table.changes) {
  test(`a change that is ${name} speaks of no sign-in`, () => {
    const state = { ...change, ...more };
    const got = view(speaking(words, state), state, circumstances);
    assert.equal(plain(got.headline), headline);
    assert.equal(plain(got.line).trim(), line);
  });
}

test('no state of a change speaks of signing in, and none sets up a new phone here', () => {
  for (const [name, more, circumstances] of cases) {
    if (more.reason === 'recovery') continue; // no change gives way to a new phone
    const state = { ...change, ...more };
    const got = view(speaking(words, state), state, { ...circumstances, phoneless: true });
    assert.doesNotMatch(`${plain(got.headline)} ${plain(got.line)}`, /sign-in(?! security)|sign in|you’re in/i, name);
    assert.equal(got.newPhone, false, name);
  }
});
