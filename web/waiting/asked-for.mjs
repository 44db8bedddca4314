// What the person has asked for on this sign-in's screen, kept for this tab: a phone
// may drop the page while its person looks into their authenticator app.

const keyOf = (approval) => `countersign.asked-for.${approval}`;

// keepAskedFor notes "code" or "phoneless".
export function keepAskedFor(approval, what) {
  try {
    sessionStorage.setItem(keyOf(approval), what);
  } catch { /* then it is one tap further */ }
}

// askedFor gives it back, or "".
export function askedFor(approval) {
  try {
    return sessionStorage.getItem(keyOf(approval)) ?? '';
  } catch {
    return '';
  }
}
