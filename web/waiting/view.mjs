// From the state of an approval to what the screen says. Pure: no page, no
// clock, no network; what it cannot know from the state is in circumstances.
// The sentences are the page's Words.
import { webAddress } from '../page/address.mjs';

// After this long without a sign of the phone, resending is offered.
export const slowAfter = 15; // seconds

// view gives what to show:
//   kind      the state's name, for styles and tests
//   purpose   "wait", "code" or "end": when it changes, focus goes to the headline
//   headline, line   parts of text
//   note      parts of text below the code field, may be none
//   number    to be copied on the phone, or ""
//   counting  whether the countdown is shown
//   resend    "ready", "later" or "none": whether the phones can be asked again
//   here      whether answering on this very device is offered
//   code      "offered" (behind a button), "shown" or "none" (not taken, or over)
//   onward    name of the way on from a settled state: waiting.onward
//   codeNext  whether starting again with a code is offered
//   newPhone  whether setting up a new phone is offered; then nothing goes by itself
//   go        where the browser goes by itself, or ""
//   back      where the way on leads, or "" for the page before this one
//   tone      "good", "alarm" or "calm"
//   icon      that of an end, or ""
//
// state is the protocol's, or null before the first. circumstances: asked
// (seconds since phones were last asked), tries (number attempts at the start),
// heldBack (the server refused to ask again), phoneless (the person has said that
// they don't have their phone), here (a phone of theirs is the phone page of this
// browser), lost (a problem's kind after which nothing more will come).
export function view(words, state, circumstances = {}) {
  if (circumstances.lost && state?.state !== 'approved') return end(words, over(circumstances.lost), state, circumstances);
  if (!state) return { ...blank, kind: 'loading', headline: words.parts('page.one-moment'), line: words.parts('waiting.loading') };
  if (state.state !== 'pending') return end(words, settledKind(state), state, circumstances);
  return pending(words, state, circumstances);
}

const blank = {
  purpose: 'wait', note: [], number: '', counting: false, resend: 'none', here: false, code: 'none',
  onward: '', codeNext: false, newPhone: false, go: '', back: '', tone: 'calm', icon: '',
};

function pending(words, state, circumstances) {
  const kind = pendingKind(state, circumstances);
  if (!takesCodes(state)) return withoutCodes(words, kind, state, circumstances);
  const codeFirst = ['codeOnly', 'heldBack', 'pushLocked', 'byPolicy', 'noneReachable', 'phoneless'].includes(kind);
  return {
    ...blank,
    kind,
    purpose: codeFirst ? 'code' : 'wait',
    ...sentences(words, `waiting.pending.${kind}`, form(words, kind, state, circumstances), valuesOf(words, state)),
    note: ['noneReachable', 'phoneless'].includes(kind) ? openPhone(words, state) : [],
    number: codeFirst ? '' : state.number ?? '',
    counting: true,
    resend: resending(kind, state, circumstances),
    here: answersHere(state, circumstances),
    code: codeFirst ? 'shown' : 'offered',
    tone: kind === 'wrongNumber' ? 'alarm' : 'calm',
  };
}

// takes says whether the application takes a method; one of an older server
// takes all.
export const takes = (state, method) => state?.methods?.includes(method) ?? true;
const takesCodes = (state) => takes(state, 'totp') || takes(state, 'recovery_code');

// withoutCodes is a sign-in that nothing but a phone can settle.
function withoutCodes(words, kind, state, circumstances) {
  const barring = words.has(`waiting.phone-only.${kind}.line`);
  const said = barring
    ? sentences(words, `waiting.phone-only.${kind}`, 'line', valuesOf(words, state))
    : sentences(words, `waiting.pending.${kind}`, form(words, kind, state, circumstances), valuesOf(words, state));
  return {
    ...blank, kind, counting: true, code: 'none', resend: resending(kind, state, circumstances),
    here: answersHere(state, circumstances), ...said,
    number: barring && kind !== 'noneReachable' ? '' : state.number ?? '',
    tone: kind === 'wrongNumber' ? 'alarm' : 'calm',
  };
}

const barred = { no_phone: 'codeOnly', reported: 'pushLocked', policy: 'byPolicy' };

// The order matters: what the person must act on comes first.
function pendingKind(state, { asked = 0, tries = 0, heldBack = false, phoneless = false }) {
  const phones = state.phones ?? [];
  if (state.next === 'code_only') return heldBack ? 'heldBack' : barred[state.code_only_because] ?? 'heldBack';
  if (state.number_attempts_left < tries) return 'wrongNumber';
  if (phones.some((p) => p.seen)) return 'opened';
  if (phones.length > 0 && phones.every((p) => p.sent === 'failed')) return 'noneReachable';
  if (phoneless && takesCodes(state)) return 'phoneless';
  // A phone that nothing wakes shows the request once it is opened.
  if (phones.some((p) => p.sent === 'none') && phones.every((p) => ['none', 'failed'].includes(p.sent))) return 'openIt';
  if (asked >= slowAfter) return 'slow';
  if (phones.some((p) => p.sent === 'failed')) return 'someUnreachable';
  return 'asking';
}

// Asking again wakes no phone that nothing wakes, and none that is not there.
function resending(kind, state, { asked = 0, heldBack = false }) {
  if (state.next !== 'wait' || ['openIt', 'phoneless'].includes(kind)) return 'none';
  return !heldBack && state.resends_left > 0 && asked >= slowAfter ? 'ready' : 'later';
}

const answersHere = (state, { here = false, phoneless = false }) => state.next === 'wait' && here && !phoneless;

// form of a pending state's sentence: most speak of a number, if there is one.
function form(words, kind, state, { heldBack = false }) {
  if (kind === 'slow' && (heldBack || !(state.resends_left > 0))) return takesCodes(state) ? 'no-resend' : 'phone-only';
  return !state.number && words.has(`waiting.pending.${kind}.plain`) ? 'plain' : 'line';
}

function openPhone(words, { number }) {
  return words.parts(number ? 'waiting.open-phone.line' : 'waiting.open-phone.plain', { number });
}

function valuesOf(words, state) {
  const phones = state.phones ?? [];
  const seen = phones.filter((p) => p.seen);
  const reached = phones.filter((p) => p.sent !== 'failed');
  const lost = phones.filter((p) => p.sent === 'failed' && !p.seen);
  return {
    application: applicationOf(words, state),
    number: state.number ?? '',
    phone: names(words, seen.length > 0 ? seen : reached),
    lost: words.oneOf(lost.map((p) => p.name)),
    tries: triesLeft(words, state.number_attempts_left),
  };
}

// applicationOf is what the application is called on the screen.
export const applicationOf = (words, state) => state?.application || words.text('waiting.some-application');

// names of up to three phones; more would bury the number.
function names(words, phones) {
  const known = phones.map((p) => p.name).filter(Boolean);
  return known.length === 0 || known.length > 3 ? words.text('waiting.some-phone') : words.oneOf(known);
}

// triesLeft is a sentence of its own, or nothing when no number is known.
export function triesLeft(words, n) {
  return n > 0 ? words.text('waiting.tries-left', { count: n }) : '';
}

function settledKind(state) {
  switch (state.state) {
    case 'approved': return 'approved';
    case 'expired': return 'expired';
    case 'withdrawn': return { cancelled: 'cancelled', application: 'ended', replaced: 'replaced', recovery: 'recovering' }[state.reason] ?? 'ended';
    case 'denied': return { reported: 'reported', number_mismatch: 'mismatch', too_many_codes: 'tooManyCodes' }[state.reason] ?? 'denied';
    default: return 'lost'; // a state of a later version: certainly not approved
  }
}

// The server forgets a settled approval after ten minutes; a page without its
// secret was never part of a sign-in.
function over(problem) {
  return problem === 'no-secret' ? 'nowhere' : 'lost';
}

const onward = { reported: 'back', replaced: 'here', recovering: 'back', approved: '', nowhere: '', lost: 'back' };
const icons = {
  approved: 'tick', denied: 'no', reported: 'shield', mismatch: 'shield', tooManyCodes: 'shield',
  expired: 'clock', replaced: 'swap', lost: 'clock', nowhere: 'door', cancelled: 'no', ended: 'door', recovering: 'swap',
};
const alarming = ['denied', 'reported', 'mismatch', 'tooManyCodes'];

function end(words, kind, state, { tries, phoneless = false }) {
  const to = webAddress(state?.return_to);
  const go = kind === 'approved' ? to : '';
  const newPhone = kind === 'approved' && phoneless && leads(state);
  const values = { application: applicationOf(words, state), phone: state?.settled_by ?? '' };
  const said = sentences(words, `waiting.settled.${kind}`, settledForm(kind, state, go, tries), values);
  return {
    ...blank,
    kind,
    purpose: 'end',
    ...said,
    line: newPhone ? words.parts('waiting.new-phone.line', values) : said.line,
    onward: onward[kind] ?? 'again',
    codeNext: kind === 'mismatch' || kind === 'expired',
    newPhone,
    go,
    back: kind === 'approved' ? '' : to,
    tone: kind === 'approved' ? 'good' : alarming.includes(kind) ? 'alarm' : 'calm',
    icon: icons[kind],
  };
}

// leads says whether a code that approved also leads to a new phone.
function leads({ purpose, method, recovery_offers: offers }) {
  return purpose !== 'change' && ['totp', 'recovery_code'].includes(method) && (offers?.includes(method) ?? true);
}

function settledForm(kind, state, go, tries) {
  if (kind === 'approved' && !go) return 'here';
  if (kind === 'denied' && !state.settled_by) return 'somewhere';
  return kind === 'mismatch' && tries === 2 ? 'twice' : 'line';
}

function sentences(words, about, form, values) {
  return { headline: words.parts(`${about}.headline`, values), line: words.parts(`${about}.${form}`, values) };
}
