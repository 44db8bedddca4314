// From a notice to what the page says. Pure; the sentences are the page's Words.

// view gives the screen to show: {kind, headline, line, facts, ended, tone}. state
// is the protocol's, or null before it is known; lost is the kind of a problem
// that kept it from being read.
export function view(words, state, lost = '') {
  const kind = kindOf(state, lost);
  return {
    kind,
    headline: headline(words, kind, state),
    line: words.parts(`notice.state.${kind}.line`, { user: state?.user }),
    facts: kind === 'open' || kind === 'over' ? facts(words, state) : [],
    ended: kind === 'stopped' ? ended(words, state.stopped) : [],
    tone: kind === 'stopped' ? 'good' : 'calm',
  };
}

// headline says what happened; once it was stopped, that.
function headline(words, kind, state) {
  if (kind !== 'open' && kind !== 'over') return words.parts(kind === 'loading' ? 'page.one-moment' : `notice.state.${kind}.headline`);
  const key = `notice.changed.${state.event}`;
  return words.parts(words.has(key) ? key : 'notice.changed.other');
}

// facts are pairs of what and how, those that are known.
function facts(words, state) {
  const what = /^browser\./.test(state.event) ? 'browser' : /^email\./.test(state.event) ? 'address' : 'phone';
  return [
    [what, state.detail], ['account', state.user], ['application', state.application],
    ['when', words.date(Date.parse(state.at))], ['where', state.where], ['because', state.because],
  ].filter(([, value]) => value).map(([name, value]) => ({ name: words.parts(`notice.fact.${name}`), value }));
}

// ended lists what the word has ended; that requests are held back comes always.
function ended(words, { set_ups: setUps, recoveries, trusted_browsers: browsers, at }) {
  const counted = Object.entries({ recoveries, 'set-ups': setUps, browsers }).filter(([, count]) => count > 0);
  return [
    ...counted.map(([what, count]) => words.parts(`notice.ended.${what}`, { count })),
    words.parts('notice.ended.requests'),
    words.parts('notice.ended.when', { when: words.date(Date.parse(at)) }),
  ];
}

function kindOf(state, lost) {
  if (lost) return { 'no-secret': 'nowhere', offline: 'unread', unavailable: 'unread', internal: 'unread', 'too-many-requests': 'unread' }[lost] ?? 'lost';
  if (!state) return 'loading';
  // A state of a later version stops nothing here.
  return ['open', 'stopped', 'over'].includes(state.state) ? state.state : 'lost';
}
