// From the state of a set-up to what the page says. Pure; the sentences are the
// page's Words.
import { stepOf } from './further.mjs';

// view gives the screen to show: {kind, headline, line, digits, match, tone}; match
// is the key of what says yes to a phone.
// state is the protocol's, or null before the first. place is where the person
// has gone by themselves: "" (follow the set-up), "app", "sure", "codes" or "done",
// or a step of further.mjs.
// lost is the kind of a problem after which nothing more will come; alone says that
// nothing else is to be set up here; here, that the phone is this very browser,
// whose digits have been compared.
export function view(words, state, place = '', lost = '', alone = false, here = false) {
  const kind = kindOf(state, place, lost);
  const about = kind === 'claimed' && here ? 'claimedHere' : kind;
  const values = { phone: state?.phone?.name, user: state?.user, application: state?.application };
  const loading = kind === 'loading';
  return {
    kind,
    headline: words.parts(loading ? 'page.one-moment' : `setup.state.${about}.headline`, values),
    line: words.parts(loading ? 'setup.loading' : `setup.state.${about}.${lineOf(kind, state, alone)}`, values),
    digits: about === 'claimed' ? grouped(state.digits) : '',
    match: about === 'claimedHere' ? 'setup.digits.add' : 'setup.digits.match',
    tone: kind === 'refused' ? 'alarm' : [...ready, 'done'].includes(kind) ? 'good' : 'calm',
  };
}

const ready = ['active', 'added'];

// lineOf names the line of a kind: it differs by what the person goes on with.
function lineOf(kind, state, alone) {
  if (alone && ready.includes(kind)) return 'alone';
  if (kind === 'email' && !state?.email_recovers) return 'told';
  if (kind !== 'done' || !state?.back_to) return 'line';
  return state.signing_in ? 'again' : 'return';
}

function kindOf(state, place, lost) {
  // Codes on the screen stay there whatever happens: they are shown only once.
  // What follows them changes nothing about the phone.
  if (place === 'codes' || place === 'done' || stepOf(place)) return place;
  if (lost) return lost === 'no-secret' ? 'nowhere' : 'lost';
  if (!state) return 'loading';
  // A phone that asks to be added comes before all else: the person must see
  // that it asks.
  if (state.state === 'claimed') return 'claimed';
  if (state.state === 'refused') return 'refused';
  if (place === 'app' && state.state !== 'expired') return 'app';
  if (place === 'sure' && (state.state === 'active' || state.authenticator)) return 'sure';
  if (state.state === 'active') return 'active';
  if (state.authenticator) return 'added';
  if (state.state !== 'open') return 'expired';
  return appOnly(state) ? 'app' : 'open';
}

// appOnly says whether a set-up takes an authenticator app and no phone.
export const appOnly = (state) => state?.state === 'open' && !state.pair_url;

// grouped sets six digits apart as people read them: "482 913".
export function grouped(digits) {
  return /^[0-9]{6}$/.test(digits ?? '') ? `${digits.slice(0, 3)} ${digits.slice(3)}` : '';
}

// ended says whether the server has nothing more to tell about a set-up.
export function ended(state) {
  return state?.state === 'active' || state?.state === 'refused' || state?.state === 'expired';
}
