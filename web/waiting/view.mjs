// From the state of an approval to what the screen says. Pure: no page, no
// clock, no network; what it cannot know from the state is in circumstances.
import { count, fill, oneOf } from '../page/text.mjs';
import { words } from './words.mjs';

// After this long without a sign of the phone, resending is offered.
export const slowAfter = 15; // seconds

// view gives what to show:
//   kind      the state's name, for styles and tests
//   purpose   "wait", "code" or "end": when it changes, focus goes to the headline
//   headline, line   parts of text
//   note      parts of text below the code field, may be none
//   number    to be copied on the phone, or ""
//   counting  whether the countdown is shown
//   resend    whether resending is offered
//   code      "offered" (behind a button), "shown" or "none" (not taken, or over)
//   onward    name of the way on from a settled state: words.onward
//   codeNext  whether starting again with a code is offered
//   newPhone  whether setting up a new phone is offered; then nothing goes by itself
//   go        where the browser goes by itself, or ""
//   tone      "good", "alarm" or "calm"
//
// state is the protocol's, or null before the first. circumstances: asked
// (seconds since phones were last asked), tries (number attempts at the start),
// heldBack (the server refused to ask again), phoneless (the person has said that
// they don't have their phone), lost (a problem's kind after which
// nothing more will come).
export function view(state, circumstances = {}) {
  if (circumstances.lost && state?.state !== 'approved') return end(over(circumstances.lost), state, circumstances);
  if (!state) return { ...blank, kind: 'loading', ...sentences(words.waiting.loading) };
  if (state.state !== 'pending') return end(settledKind(state), state, circumstances);
  return pending(state, circumstances);
}

const blank = {
  purpose: 'wait', note: [], number: '', counting: false, resend: false, code: 'none',
  onward: '', codeNext: false, newPhone: false, go: '', tone: 'calm',
};

function pending(state, circumstances) {
  const kind = pendingKind(state, circumstances);
  if (!takesCodes(state)) return withoutCodes(kind, state, circumstances);
  const codeFirst = ['codeOnly', 'heldBack', 'pushLocked', 'byPolicy', 'noneReachable'].includes(kind);
  return {
    ...blank,
    kind,
    purpose: codeFirst ? 'code' : 'wait',
    ...sentences(wordsOf(kind, state), valuesOf(state)),
    note: kind === 'noneReachable' ? openPhone(state) : [],
    number: codeFirst ? '' : state.number ?? '',
    counting: true,
    resend: mayResend(state, circumstances),
    code: codeFirst ? 'shown' : 'offered',
    tone: kind === 'wrongNumber' ? 'alarm' : 'calm',
  };
}

// takes says whether the application takes a method; one of an older server
// takes all.
export const takes = (state, method) => state?.methods?.includes(method) ?? true;
const takesCodes = (state) => takes(state, 'totp') || takes(state, 'recovery_code');

// withoutCodes is a sign-in that nothing but a phone can settle.
function withoutCodes(kind, state, circumstances) {
  const sentence = words.phoneOnly[kind];
  const shown = {
    ...blank, kind, counting: true, code: 'none', resend: mayResend(state, circumstances),
    number: sentence ? '' : state.number ?? '', tone: kind === 'wrongNumber' ? 'alarm' : 'calm',
    ...sentences(sentence ?? wordsOf(kind, state), valuesOf(state)),
  };
  return kind === 'noneReachable' ? { ...shown, number: state.number ?? '' } : shown;
}

const barred = { no_phone: 'codeOnly', reported: 'pushLocked', policy: 'byPolicy' };

// The order matters: what the person must act on comes first.
function pendingKind(state, { asked = 0, tries = 0, heldBack = false }) {
  const phones = state.phones ?? [];
  if (state.next === 'code_only') return heldBack ? 'heldBack' : barred[state.code_only_because] ?? 'heldBack';
  if (state.number_attempts_left < tries) return 'wrongNumber';
  if (phones.some((p) => p.seen)) return 'opened';
  if (phones.length > 0 && phones.every((p) => p.sent === 'failed')) return 'noneReachable';
  // A phone that nothing wakes shows the request once it is opened.
  if (phones.some((p) => p.sent === 'none') && phones.every((p) => ['none', 'failed'].includes(p.sent))) return 'openIt';
  if (asked >= slowAfter) return 'slow';
  if (phones.some((p) => p.sent === 'failed')) return 'someUnreachable';
  return 'asking';
}

function mayResend(state, { asked = 0, heldBack = false }) {
  return state.next === 'wait' && !heldBack && state.resends_left > 0 && asked >= slowAfter;
}

function wordsOf(kind, state) {
  if (kind === 'slow' && !(state.resends_left > 0)) return words.waiting.slowNoResend;
  if (!state.number && words.waiting[`${kind}Plain`]) return words.waiting[`${kind}Plain`];
  return words.waiting[kind];
}

function openPhone({ number }) {
  return fill(number ? words.openPhone : words.openPhonePlain, { number });
}

function valuesOf(state) {
  const phones = state.phones ?? [];
  const seen = phones.filter((p) => p.seen);
  const reached = phones.filter((p) => p.sent !== 'failed');
  const lost = phones.filter((p) => p.sent === 'failed' && !p.seen);
  return {
    application: state.application || words.someApplication,
    number: state.number ?? '',
    phone: names(seen.length > 0 ? seen : reached),
    lost: names(lost),
    tries: triesLeft(state.number_attempts_left),
  };
}

// names of up to three phones; more would bury the number.
function names(phones) {
  const known = phones.map((p) => p.name).filter(Boolean);
  return known.length === 0 || known.length > 3 ? words.somewhere : oneOf(known);
}

// triesLeft is a sentence of its own, or nothing when no number is known.
export function triesLeft(n) {
  return n > 0 ? count(words.triesLeft, n).map((part) => part.text).join('') : '';
}

function settledKind(state) {
  switch (state.state) {
    case 'approved': return 'approved';
    case 'expired': return 'expired';
    case 'withdrawn': return { cancelled: 'cancelled', application: 'ended', replaced: 'replaced' }[state.reason] ?? 'ended';
    case 'denied': return { reported: 'reported', number_mismatch: 'mismatch', too_many_codes: 'tooManyCodes' }[state.reason] ?? 'denied';
    default: return 'lost'; // a state of a later version: certainly not approved
  }
}

// The server forgets a settled approval after ten minutes; a page without its
// secret was never part of a sign-in.
function over(problem) {
  return problem === 'no-secret' ? 'nowhere' : 'lost';
}

const onward = { reported: 'back', replaced: 'here', approved: '', nowhere: '', lost: 'back' };
const alarming = ['denied', 'reported', 'mismatch', 'tooManyCodes'];

function end(kind, state, { tries, phoneless = false }) {
  const go = kind === 'approved' ? webAddress(state.return_to) : '';
  const newPhone = kind === 'approved' && phoneless && ['totp', 'recovery_code'].includes(state.method);
  return {
    ...blank,
    kind,
    purpose: 'end',
    ...sentences(newPhone ? words.newPhone : settledWords(kind, state, go), {
      application: state?.application || words.someApplication,
      phone: state?.settled_by ?? '',
      times: words.times[tries] ?? '',
    }),
    onward: onward[kind] ?? 'again',
    codeNext: kind === 'mismatch' || kind === 'expired',
    newPhone,
    go,
    tone: kind === 'approved' ? 'good' : alarming.includes(kind) ? 'alarm' : 'calm',
  };
}

function settledWords(kind, state, go) {
  if (kind === 'approved' && !go) return words.settled.approvedHere;
  if (kind === 'denied' && !state.settled_by) return words.settled.deniedSomewhere;
  return words.settled[kind];
}

// webAddress lets through what a browser may be sent to, and no javascript: URL.
function webAddress(address) {
  try {
    const url = new URL(address);
    return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : '';
  } catch {
    return '';
  }
}

function sentences({ headline, line }, values = {}) {
  return { headline: fill(headline, values), line: fill(line, values) };
}
