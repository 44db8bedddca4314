// What the waiting screen says in each state, as sentences.
import assert from 'node:assert/strict';
import test from 'node:test';
import { catalogue } from '../page/catalogue.test.mjs';
import { plain } from '../page/text.mjs';
import { view } from './view.mjs';

const words = catalogue('waiting');

const phone = (name, sent = 'accepted', seen = false) => ({ name, sent, seen });
const iphone = phone('Ana’s iPhone');
const asking = {
  id: 'a', version: 1, state: 'pending', application: 'Northwind Books', user: 'ana@example.com',
  next: 'wait', number: '47', phones: [iphone],
  number_attempts_left: 2, code_attempts_left: 5, resends_left: 2,
};

const cases = [
  ['phones are asked', {}, {}, 'asking',
    'Check your phone', 'Enter 47 on Ana’s iPhone to sign in to Northwind Books.'],
  ['two phones are asked', { phones: [iphone, phone('Old Pixel')] }, {}, 'asking',
    'Check your phone', 'Enter 47 on Ana’s iPhone or Old Pixel to sign in to Northwind Books.'],
  ['more phones than a sentence holds', { phones: ['a', 'b', 'c', 'd'].map((n) => phone(n)) }, {}, 'asking',
    'Check your phone', 'Enter 47 on one of your phones to sign in to Northwind Books.'],
  ['no number is asked for', { number: undefined }, {}, 'asking',
    'Check your phone', 'Approve on Ana’s iPhone to sign in to Northwind Books.'],
  ['one phone has opened it', { phones: [phone('Ana’s iPhone', 'accepted', true), phone('Old Pixel')] }, {}, 'opened',
    'Check your phone', 'Opened on Ana’s iPhone. Enter 47 there.'],
  ['no sign for 15 seconds', {}, { asked: 15 }, 'slow',
    'Still waiting', 'No sign of it? Open Countersign on your phone, or resend.'],
  ['no sign, and no resending left', { resends_left: 0 }, { asked: 15 }, 'slow',
    'Still waiting', 'No sign of it? Open Countersign on your phone, or use a code.'],
  ['no sign, but it was opened', { phones: [phone('Ana’s iPhone', 'accepted', true)] }, { asked: 40 }, 'opened',
    'Check your phone', 'Opened on Ana’s iPhone. Enter 47 there.'],
  ['one phone cannot be reached', { phones: [iphone, phone('Old Pixel', 'failed')] }, {}, 'someUnreachable',
    'Check your phone', 'We couldn’t reach “Old Pixel”. Ana’s iPhone was asked: enter 47 there.'],
  ['no phone can be reached', { phones: [phone('Old Pixel', 'failed')] }, { asked: 20 }, 'noneReachable',
    'Type a code instead', 'Your phones can’t be reached right now.'],
  ['the phone is one that nothing wakes', { phones: [phone('Ana’s iPhone', 'none')] }, { asked: 20 }, 'openIt',
    'Open Countersign on your phone', 'Open Countersign on Ana’s iPhone and enter 47 there.'],
  ['nothing wakes one phone, the other cannot be reached', { phones: [phone('Ana’s iPhone', 'none'), phone('Old Pixel', 'failed')] }, {}, 'openIt',
    'Open Countersign on your phone', 'Open Countersign on Ana’s iPhone and enter 47 there.'],
  ['nothing wakes one phone, the other was asked', { phones: [phone('Tablet', 'none'), iphone] }, {}, 'asking',
    'Check your phone', 'Enter 47 on Tablet or Ana’s iPhone to sign in to Northwind Books.'],
  ['a phone that push cannot reach has opened it', { phones: [phone('Old Pixel', 'failed', true)] }, {}, 'opened',
    'Check your phone', 'Opened on Old Pixel. Enter 47 there.'],
  ['pushes are held back', { next: 'code_only', number: undefined, phones: [], code_only_because: 'held_back' }, {}, 'heldBack',
    'Type a code', 'We’ve sent many requests, so we’ve stopped for a while to protect you.'],
  ['there is no phone to ask', { next: 'code_only', number: undefined, phones: [], code_only_because: 'no_phone' }, {}, 'codeOnly',
    'Type a code', 'You have no phone that could be asked. Type a code to sign in to Northwind Books.'],
  ['pushes are locked after a report', { next: 'code_only', phones: [], code_only_because: 'reported' }, {}, 'pushLocked',
    'Type a code', 'A request was reported as not you, so your phones aren’t asked until your administrator has looked. Type a code to sign in to Northwind Books.'],
  ['the application asks no phones', { next: 'code_only', phones: [], code_only_because: 'policy' }, {}, 'byPolicy',
    'Type a code', 'Northwind Books asks for a code. Type one to sign in.'],
  ['phones alone are taken, and pushes are held back', { next: 'code_only', phones: [], code_only_because: 'held_back', methods: ['push'] }, {}, 'heldBack',
    'Your phones aren’t asked now', 'We’ve sent many requests, so we’ve stopped for a while to protect you. Wait some minutes, then sign in to Northwind Books again.'],
  ['phones alone are taken, and one is asked', { methods: ['push'] }, {}, 'asking',
    'Check your phone', 'Enter 47 on Ana’s iPhone to sign in to Northwind Books.'],
  ['the number was wrong once', { number_attempts_left: 1 }, { tries: 2 }, 'wrongNumber',
    'That number didn’t match', 'Look again: it is 47. One try left.'],
  ['the number was wrong once of three', { number_attempts_left: 2 }, { tries: 3 }, 'wrongNumber',
    'That number didn’t match', 'Look again: it is 47. 2 tries left.'],

  ['approved', { state: 'approved', return_to: 'https://books.example.com/signed-in?result_code=r' }, {}, 'approved',
    'You’re in', 'Taking you back to Northwind Books.'],
  ['approved, with nowhere to return to', { state: 'approved' }, {}, 'approved',
    'You’re in', 'You can go back to Northwind Books now.'],
  ['denied', { state: 'denied', reason: 'user', settled_by: 'Ana’s iPhone' }, {}, 'denied',
    'Sign-in refused', 'Someone said no on Ana’s iPhone. If that was a slip, try again.'],
  ['denied by a phone without a name', { state: 'denied', reason: 'user' }, {}, 'denied',
    'Sign-in refused', 'Someone said no. If that was a slip, try again.'],
  ['reported', { state: 'denied', reason: 'reported', settled_by: 'Ana’s iPhone' }, {}, 'reported',
    'Sign-in blocked', 'It was reported as not you. Your administrator has been told.'],
  ['the number was wrong to the end', { state: 'denied', reason: 'number_mismatch' }, { tries: 2 }, 'mismatch',
    'Sign-in stopped', 'The number was wrong twice.'],
  ['the number was wrong, who knows how often', { state: 'denied', reason: 'number_mismatch' }, {}, 'mismatch',
    'Sign-in stopped', 'The number was wrong too often.'],
  ['too many codes', { state: 'denied', reason: 'too_many_codes' }, {}, 'tooManyCodes',
    'Sign-in stopped', 'Too many wrong codes were typed. Nothing was approved.'],
  ['denied for a reason of a later version', { state: 'denied', reason: 'moonlight' }, {}, 'denied',
    'Sign-in refused', 'Someone said no. If that was a slip, try again.'],
  ['expired', { state: 'expired' }, {}, 'expired',
    'That took too long', 'Nothing was approved.'],
  ['cancelled here', { state: 'withdrawn', reason: 'cancelled' }, {}, 'cancelled',
    'Sign-in cancelled', 'Nothing was approved. You can start again whenever you like.'],
  ['withdrawn by the application', { state: 'withdrawn', reason: 'application' }, {}, 'ended',
    'Sign-in ended', 'Northwind Books ended this sign-in. Nothing was approved.'],
  ['replaced', { state: 'withdrawn', reason: 'replaced' }, {}, 'replaced',
    'You started again elsewhere', 'This request was replaced by a newer one.'],
  ['a state of a later version', { state: 'levitating' }, {}, 'lost',
    'This sign-in is over', 'Nothing was approved. Go back to where you were signing in, and start again.'],
  ['the server knows it no more', {}, { lost: 'approval-not-found' }, 'lost',
    'This sign-in is over', 'Nothing was approved. Go back to where you were signing in, and start again.'],
];

for (const [name, change, circumstances, kind, headline, line] of cases) {
  test(name, () => {
    const got = view(words, { ...asking, ...change }, circumstances);
    assert.equal(got.kind, kind);
    assert.equal(plain(got.headline), headline);
    assert.equal(plain(got.line).trim(), line);
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

test('resending waits for 15 seconds, and ends with the budget', () => {
  assert.equal(view(words, asking, { asked: 14.9 }).resend, false);
  assert.equal(view(words, asking, { asked: 15 }).resend, true);
  assert.equal(view(words, { ...asking, resends_left: 0 }, { asked: 15 }).resend, false);
  assert.equal(view(words, asking, { asked: 15, heldBack: true }).resend, false);
  assert.equal(view(words, { ...asking, next: 'code_only' }, { asked: 15 }).resend, false);
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
