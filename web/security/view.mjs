// From what the server tells of a person's sign-in security to what the page
// says. Pure: no page, no clock, no network. The sentences are the page's Words.

// view gives the screen to show: {kind, headline, line}.
// state is the protocol's, or null before the first. place is where the person
// has gone by themselves: "" (the overview) or one of places. lost is the kind of a
// problem after which nothing more will come; "offline" of one that may pass.
export function view(words, state, place = '', lost = '') {
  const kind = kindOf(state, place, lost);
  const values = { user: state?.user, application: state?.application };
  return { kind, ...sentences(words, kind, values) };
}

const places = ['newPhone', 'codes', 'email', 'emailCode', 'questions'];

function kindOf(state, place, lost) {
  // Codes on the screen stay there whatever happens: they are shown only once.
  if (place === 'codes') return 'codes';
  if (lost === 'no-secret') return 'nowhere';
  if (lost && (lost !== 'offline' || !state)) return lost === 'offline' ? 'offline' : 'ended';
  if (!state) return 'loading';
  return places.includes(place) ? place : 'overview';
}

function sentences(words, kind, values) {
  if (kind === 'loading') return { headline: words.parts('page.one-moment'), line: words.parts('security.loading') };
  const line = kind === 'ended' && !values.application ? 'security.state.ended.somewhere' : `security.state.${kind}.line`;
  return { headline: words.parts(`security.state.${kind}.headline`), line: words.parts(line, values) };
}

// phone gives what is said of one: {id, name, silent, reach, facts}.
export function phone(words, p) {
  const silent = p.reach === 'silent';
  return {
    id: p.id, name: p.name, silent, reach: words.text(silent ? 'security.phones.silent' : 'security.phones.working'),
    facts: [...dates(words, p), words.text(words.has(`security.platform.${p.platform}`) ? `security.platform.${p.platform}` : 'security.platform.other')],
  };
}

// app gives what is said of an authenticator app; they have no names, so the day
// on which it was added tells them apart.
export function app(words, a) {
  return { id: a.id, name: words.text('security.apps.added', { when: day(words, a.added_at) }), facts: dates(words, a) };
}

function dates(words, { added_at: added, last_used_at: used }) {
  return [
    words.text('security.added', { when: day(words, added) }),
    used ? words.text('security.used', { when: words.moment(Date.parse(used)) }) : words.text('security.unused'),
  ];
}

// browser gives what is said of a trusted one. It is asked again when it was not
// used for long, or at its end, whichever comes first.
export function browser(words, b) {
  const until = [b.ends_at, b.idle_ends_at].filter(Boolean).map((at) => Date.parse(at));
  return {
    id: b.id, name: b.name || words.text('security.trusted.unnamed'),
    facts: [
      words.text('security.added', { when: day(words, b.added_at) }),
      words.text('security.trusted.until', { when: words.day(Math.min(...until)) }),
    ],
  };
}

const day = (words, at) => words.day(Date.parse(at));

// recovery gives what is said of a new phone under way: {id, begun, ready, where}.
export function recovery(words, r) {
  const begun = words.has(`security.recovery.${r.method}`) ? `security.recovery.${r.method}` : 'security.recovery.begun';
  return {
    id: r.id, where: [r.browser, r.location, r.ip].filter(Boolean),
    begun: words.text(begun, { when: words.moment(Date.parse(r.begun_at)) }),
    ready: words.text(r.state === 'ready' ? 'security.recovery.ready' : 'security.recovery.waiting', { ready: words.moment(Date.parse(r.ready_at)) }),
  };
}

// signIn gives what is said of a past one: {good, what, how, where, when}. what
// is the application, and of a change also what was changed.
export function signIn(words, s) {
  const phone = s.settled_by || words.text('security.sign-ins.phone');
  return {
    good: s.state === 'approved', when: words.moment(Date.parse(s.at)),
    what: [s.application, ...(s.purpose === 'change' ? [s.action] : [])],
    how: words.text(`security.sign-ins.${ending(words, s)}`, { phone }),
    where: [s.browser, s.location, s.ip].filter(Boolean),
  };
}

const denials = { reported: 'reported', number_mismatch: 'mismatch', too_many_codes: 'tooManyCodes' };

function ending(words, { state, reason, method }) {
  if (state === 'approved') {
    if (method === 'push') return 'approved';
    return words.has(`security.sign-ins.${method}`) ? method : 'other';
  }
  if (state === 'denied') return denials[reason] ?? 'denied';
  return state === 'expired' ? 'expired' : 'withdrawn';
}

// ways gives how a new phone can be confirmed: phone (one can be asked), code
// (sentences about the codes there are; none where there are none), mail (a
// sentence about the backup address; "" where there is none).
export function ways(words, state) {
  const by = (method) => state.new_phone_by.includes(method);
  const sentences = [];
  if (by('totp')) sentences.push(words.text('security.new-phone.code.app'));
  if (by('recovery_code')) {
    sentences.push(state.recovery_wait_hours > 0
      ? words.text('security.new-phone.code.wait', { count: state.recovery_wait_hours })
      : words.text('security.new-phone.code.no-wait'));
  }
  if (sentences.length > 0 && state.phones.length > 0) sentences.push(words.text('security.new-phone.code.told'));
  const mail = by('email') ? words.text('security.new-phone.mail.line', { address: state.email }) : '';
  return { phone: by('push'), code: sentences, mail };
}

const refusals = [
  'fresh-approval-needed', 'last-way-in', 'nothing-to-change', 'nothing-usable', 'not-offered', 'invalid-request', 'too-many-requests',
];
const mailRefusals = { 'email-refused': 'forms.email.same', 'too-many-emails': 'forms.email.many', unavailable: 'forms.email.unsent' };

// email gives what is said of the backup address: {shown, line, change}.
export function email(words, state) {
  return {
    shown: state.email_offered || Boolean(state.email),
    line: words.text(`security.email.${mailed(state)}`, { address: state.email }),
    change: words.text(state.email ? 'security.email.change' : 'security.email.add'),
  };
}

// mailed names what the backup address is good for here.
function mailed(state) {
  if (!state.email) return state.email_recovers ? 'none' : 'none-told';
  if (!state.email_offered) return 'unsent';
  return state.new_phone_by.includes('email') ? 'set' : 'told';
}

// questions gives the same of security questions.
export function questions(words, state) {
  return {
    shown: state.questions_offered || state.questions_set,
    line: words.text(state.questions_set ? 'security.questions.set' : 'security.questions.none'),
    change: words.text(state.questions_set ? 'security.questions.change' : 'security.questions.add'),
  };
}

// refusal names what is said of a problem.
export function refusal(kind) {
  if (kind === 'person-locked') return 'security.locked';
  return refusals.includes(kind) ? `security.refused.${kind}` : mailRefusals[kind] ?? 'page.offline';
}
