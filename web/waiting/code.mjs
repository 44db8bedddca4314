// Codes typed on the waiting screen: what may be sent, and what is said when
// the server does not take one. Pure.
import { applicationOf, triesLeft } from './view.mjs';

// read brings what was typed or pasted into the form that is sent, or "" if it
// cannot be a code: six to eight digits, or sixteen letters and digits. Spaces
// and hyphens of any kind are how people write codes, not part of them.
export function read(typed) {
  const code = typed.normalize('NFKC').replace(/[\s\p{Pd}]/gu, '').toUpperCase();
  return isDigits(code) || isRecovery(code) ? code : '';
}

const isDigits = (code) => /^[0-9]{6,8}$/.test(code);
const isRecovery = (code) => /^[0-9A-Z]{16}$/.test(code);

// refusal says why a code was not taken: {headline, line}, headline only where
// there is one. phoneAsked: approving on a phone is still possible.
export function refusal(words, problem, code, phoneAsked, state = null) {
  if (problem.kind === 'codes-blocked') return blocked(words, problem.retryAfter, phoneAsked);
  const values = { application: applicationOf(words, state), tries: triesLeft(words, problem.members?.code_attempts_left) };
  return { headline: '', line: words.text(why(problem.kind, isRecovery(code)), values).trim() };
}

// nextCodeIn gives the milliseconds until apps show another code, at an instant in
// milliseconds by the server's clock. A code stands for 30 seconds (RFC 6238).
export const nextCodeIn = (at) => period - at % period;
const period = 30_000;

// awaits says whether a problem with a code is one for which the next code helps.
export const awaits = (problem, code) => ['code-wrong', 'code-used'].includes(problem.kind) && isDigits(code);

// nextCode says when that code comes, left milliseconds before it.
export function nextCode(words, left) {
  return left > 0 ? words.text('waiting.code.next', { count: Math.ceil(left / 1000) }) : words.text('waiting.code.next-there');
}

function why(kind, recovery) {
  switch (kind) {
    case 'code-wrong': return recovery ? 'waiting.code.wrong-recovery' : 'waiting.code.wrong';
    case 'code-used': return recovery ? 'waiting.code.used-recovery' : 'waiting.code.used';
    case 'code-kind-refused': return 'waiting.code.kind-refused';
    case 'invalid-request': return 'waiting.code.shape';
    case 'too-many-requests': return 'waiting.code.busy';
    default: return 'waiting.code.offline';
  }
}

function blocked(words, seconds, phoneAsked) {
  const count = Math.max(1, Math.ceil(seconds / 60));
  return {
    headline: words.text('waiting.code.blocked.headline'),
    line: words.text(phoneAsked ? 'waiting.code.blocked.phone' : 'waiting.code.blocked.alone', { count }),
  };
}
