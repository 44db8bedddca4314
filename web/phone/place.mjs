// From what the phone knows to what it shows. Pure: no page, no network.

// signIn is the action of a request for which its application names no other.
export const signIn = 'Sign in';

// placeOf names the screen. What somebody asks of this person comes before what
// they were looking at, and a pairing before both: it ends by itself.
export function placeOf({ pairing, said, requests = [], reporting, where, accounts = [] }) {
  if (pairing) return pairing.step;
  if (said) return 'said';
  if (requests.length > 0) return reporting ? 'report' : 'request';
  if (where) return where;
  return accounts.length > 0 ? 'home' : 'welcome';
}

// ordered puts the newest request first, and before it the one whose
// notification was opened.
export function ordered(requests, opened = '') {
  const at = (r) => Date.parse(r.shown.time) || 0;
  return [...requests].sort((a, b) => (b.id === opened) - (a.id === opened) || at(b) - at(a));
}

// shownOf reads a display, whose every value is text; anything else in it is
// not shown. What cannot be read is null, and must not be answered.
export function shownOf(display) {
  try {
    const members = Object.entries(JSON.parse(display)).filter(([, value]) => typeof value === 'string');
    return members.length > 0 ? Object.fromEntries(members) : null;
  } catch {
    return null;
  }
}

// warnings names what is unusual about a request, going by the sign-ins that
// this person has let in. Without any there is nothing to go by.
export function warnings(shown, signIns = []) {
  const known = signIns.filter((s) => s.state === 'approved');
  const strange = (member) => shown[member] && known.some((s) => s[member]) && !known.some((s) => s[member] === shown[member]);
  return [['newBrowser', 'browser'], ['newPlace', 'location']].filter(([, member]) => strange(member)).map(([kind]) => kind);
}

const withdrawn = { replaced: 'replaced', cancelled: 'cancelled' };
const refused = { reported: 'reportedElsewhere', number_mismatch: 'mismatch', too_many_codes: 'tooManyCodes' };

// goneKind names how a request ended that nobody answered here. settled has
// state and reason, and method where the server gives it; null when unknown.
export function goneKind(settled) {
  switch (settled?.state) {
    case 'approved': return settled.method === 'push' ? 'approvedElsewhere' : 'byCode';
    case 'denied': return refused[settled.reason] ?? 'deniedElsewhere';
    case 'expired': return 'expired';
    case 'withdrawn': return withdrawn[settled.reason] ?? 'ended';
    default: return 'over';
  }
}

// answerKind names what an answer from here has done.
export function answerKind({ state, reason }) {
  if (state === 'approved') return 'approved';
  if (state === 'denied' && reason === 'user') return 'denied';
  if (state === 'denied' && reason === 'reported') return 'reported';
  return goneKind({ state, reason });
}

const wrongClock = 90_000; // ms; the server takes 120 s, codes about one period

// troubles lists what stands in the way, the gravest first: {kind, values}.
export function troubles({ accounts = [], online = true, offset = 0, reach = 'on', kept = true }) {
  const found = [];
  for (const account of accounts.filter((a) => a.state === 'removed')) {
    found.push({ kind: 'removed', account: account.id, values: { user: account.user }, at: account.removedAt });
  }
  if (!online) found.push({ kind: 'offline', values: {} });
  if (Math.abs(offset) > wrongClock) {
    found.push({ kind: offset > 0 ? 'clockSlow' : 'clockFast', values: { count: Math.max(1, Math.round(Math.abs(offset) / 60_000)) } });
  }
  if (online && accounts.some((a) => a.state === 'active')) {
    if (reach !== 'on') found.push({ kind: `push.${reach}`, values: {} });
    if (!kept) found.push({ kind: 'storage', values: {} });
  }
  return found;
}

// deviceOf is the platform as the protocol names it.
export function deviceOf({ userAgent = '', maxTouchPoints = 0 }) {
  // An iPad says it is a Mac, but no Mac has a touch screen.
  if (/iPhone|iPad|iPod/.test(userAgent) || (/Macintosh/.test(userAgent) && maxTouchPoints > 1)) return 'ios';
  return /Android/.test(userAgent) ? 'android' : 'web';
}

// firstStep of a pairing. An iPhone gives notifications, and storage that
// lasts, only to what is on its home screen.
export function firstStep({ device, installed }) {
  return device === 'ios' && !installed ? 'install' : 'name';
}
