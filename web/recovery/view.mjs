// From the state of a recovery to what the page says. Pure.
import { fill } from '../page/text.mjs';
import { words } from './words.mjs';

// view gives the screen to show: {kind, headline, line, told, sooner, tone}.
// state is the protocol's, or null before the first; lost is the kind of a
// problem after which nothing more will come. moment writes an instant as people
// read it.
export function view(state, lost = '', moment = String) {
  const kind = kindOf(state, lost);
  const names = (state?.phones ?? []).map((p) => p.name);
  const values = {
    user: state?.user ?? '', phone: state?.refused_by || words.somePhone,
    when: state ? moment(Date.parse(state.ready_at)) : '',
  };
  const running = kind === 'waiting' || kind === 'ready';
  return {
    kind,
    headline: fill(words[kind].headline, values),
    line: fill(words[kind].line, values),
    told: running ? told(names) : [],
    sooner: kind === 'waiting' && names.length > 0 ? fill(state.number ? words.sooner : words.later, { number: state.number }) : [],
    tone: kind === 'refused' ? 'alarm' : kind === 'done' ? 'good' : 'calm',
  };
}

function told(names) {
  const form = ['none', 'one'][names.length] ?? 'other';
  return fill(words.told[form], { phone: names.join(', ') });
}

function kindOf(state, lost) {
  if (lost) return lost === 'no-secret' ? 'nowhere' : 'lost';
  if (!state) return 'loading';
  // A state of a later version leads to no phone here.
  return ['waiting', 'ready', 'refused', 'done', 'expired'].includes(state.state) ? state.state : 'lost';
}

// ended says whether nothing more will come.
export const ended = (state) => ['refused', 'done', 'expired'].includes(state?.state);

// nextLook is how many milliseconds later to ask again: often while somebody
// may be typing the number, and on time when the wait ends.
export function nextLook(state, now) {
  const left = Date.parse(state.ready_at) - now;
  const rest = state.number ? 2_000 : 15_000;
  return state.state === 'waiting' && left > 0 ? Math.min(rest, left + 500) : rest;
}
