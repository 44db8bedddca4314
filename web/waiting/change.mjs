// A waiting screen also confirms changes of how somebody signs in. It then has
// sentences of its own, where those of a sign-in would be wrong.

// speaking gives the words for a state: of a change, those under waiting.change
// before the others. {action} is what is changed, in any of them.
export function speaking(words, state) {
  if (state?.purpose !== 'change') return words;
  const of = (key) => {
    const own = `waiting.change.${key.slice('waiting.'.length)}`;
    return words.has(own) ? own : key;
  };
  const values = (more) => ({ action: state.action, ...more });
  return {
    has: (key) => words.has(of(key)),
    parts: (key, more) => words.parts(of(key), values(more)),
    text: (key, more) => words.text(of(key), values(more)),
    oneOf: (names) => words.oneOf(names),
  };
}
