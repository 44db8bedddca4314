// The secret of a page comes in the fragment, which no server sees. It is taken
// out of the address at once (history, shared screens, copied links) and kept
// for this tab alone, so that reloading works.

// take gives the secret of this page, or null. Without storage (a frame with
// cookies off) the page works until it is reloaded.
export function take(key) {
  const fragment = location.hash.slice(1);
  if (location.hash) history.replaceState(history.state, '', location.pathname + location.search);
  if (!/^[A-Za-z0-9_-]{16,512}$/.test(fragment)) return read(key);
  try {
    sessionStorage.setItem(key, fragment);
  } catch { /* kept in memory by the caller */ }
  return fragment;
}

// kept says whether the secret outlives leaving the page.
export const kept = (key) => read(key) !== null;

// forget drops the secret once nothing can be done with it.
export function forget(key) {
  try {
    sessionStorage.removeItem(key);
  } catch { /* never stored */ }
}

// leadBack notes for this tab that a page which is gone to now leads back here.
export function leadBack(page) {
  try {
    sessionStorage.setItem(`countersign.from.${page}`, location.href);
  } catch { /* then it leads where such pages lead otherwise */ }
}

// cameFrom gives the address that this page leads back to, if it begins so; else "".
export function cameFrom(page, beginning) {
  const address = read(`countersign.from.${page}`) ?? '';
  return address.startsWith(beginning) ? address : '';
}

function read(key) {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}
