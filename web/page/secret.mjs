// The secret of a page comes in the fragment, which no server sees. It is taken
// out of the address at once (history, shared screens, copied links) and kept
// for this tab alone, so that reloading works.
import { dropFromTab, inTab, keepInTab } from './tab.mjs';

// take gives the secret of this page, or null. Without storage (a frame with
// cookies off) the page works until it is reloaded.
export function take(key) {
  const fragment = location.hash.slice(1);
  if (location.hash) history.replaceState(history.state, '', location.pathname + location.search);
  if (!/^[A-Za-z0-9_-]{16,512}$/.test(fragment)) return inTab(key);
  keepInTab(key, fragment);
  return fragment;
}

// kept says whether the secret outlives leaving the page.
export const kept = (key) => inTab(key) !== null;

// forget drops the secret once nothing can be done with it.
export const forget = dropFromTab;

// leadBack notes for this tab that a page which is gone to now leads back here.
export const leadBack = (page) => keepInTab(`countersign.from.${page}`, location.href);

// cameFrom gives the address that this page leads back to, if it begins so; else "".
export function cameFrom(page, beginning) {
  const address = inTab(`countersign.from.${page}`) ?? '';
  return address.startsWith(beginning) ? address : '';
}
