// From the state of a recovery to what the page says. Pure; the sentences are
// the page's Words.
import { webAddress } from '../page/address.mjs';

// view gives the screen to show: {kind, headline, line, told, sooner, back, tone}.
// state is the protocol's, or null before the first; lost is the kind of a
// problem after which nothing more will come.
export function view(words, state, lost = '') {
  const kind = kindOf(state, lost);
  const names = (state?.phones ?? []).map((p) => p.name);
  const values = {
    user: state?.user, phone: state?.refused_by,
    when: state ? words.date(Date.parse(state.ready_at)) : '',
  };
  const loading = kind === 'loading';
  const running = kind === 'waiting' || kind === 'ready';
  return {
    kind,
    headline: words.parts(loading ? 'page.one-moment' : `recovery.state.${kind}.headline`, values),
    line: words.parts(loading ? 'recovery.loading' : `recovery.state.${kind}.${form(words, kind, state)}`, values),
    told: running && names.length > 0 ? words.parts('recovery.told', { count: names.length, phone: words.allOf(names) }) : [],
    sooner: kind === 'waiting' && names.length > 0 ? words.parts(state.number ? 'recovery.sooner' : 'recovery.later', { number: state.number }) : [],
    back: kind === 'ready' || kind === 'lost' ? '' : webAddress(state?.back_to),
    tone: kind === 'refused' ? 'alarm' : kind === 'done' ? 'good' : 'calm',
  };
}

// form of a sentence: not only phones stop a recovery, and not every one begins
// alike.
function form(words, kind, state) {
  if (kind === 'refused' && !state.refused_by) return 'elsewhere';
  return words.has(`recovery.state.${kind}.${state?.method}`) ? state.method : 'line';
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
