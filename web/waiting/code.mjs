// Codes typed on the waiting screen: what may be sent, and what is said when
// the server does not take one. Pure.
import { count, fill, plain } from '../page/text.mjs';
import { triesLeft } from './view.mjs';
import { words } from './words.mjs';

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
export function refusal(problem, code, phoneAsked, application = words.someApplication) {
  const tries = triesLeft(problem.members?.code_attempts_left);
  const recovery = isRecovery(code);
  switch (problem.kind) {
    case 'code-wrong': return say(recovery ? words.code.wrongRecovery : words.code.wrong, { tries });
    case 'code-used': return say(recovery ? words.code.usedRecovery : words.code.used, { tries });
    case 'code-kind-refused': return say(words.code.kindRefused, { application, tries });
    case 'codes-blocked': return blocked(problem.retryAfter, phoneAsked);
    case 'invalid-request': return say(words.code.shape);
    case 'too-many-requests': return say(words.code.busy);
    default: return say(words.code.offline);
  }
}

function blocked(seconds, phoneAsked) {
  const minutes = Math.max(1, Math.ceil(seconds / 60));
  const { headline, phone, alone } = words.code.blocked;
  const time = plain(count(words.minutes, minutes));
  return { headline, line: plain(fill(phoneAsked ? phone : alone, { time })) };
}

function say(sentence, values) {
  return { headline: '', line: plain(fill(sentence, values)).trim() };
}
