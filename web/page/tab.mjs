// What a page keeps for this tab alone. A browser may refuse to keep anything (a
// frame with cookies off): then nothing is kept, and each caller can live with that.

export function keepInTab(key, value) {
  try {
    sessionStorage.setItem(key, value);
  } catch { /* nothing is kept */ }
}

// inTab gives what is kept under a key, or null.
export function inTab(key) {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

export function dropFromTab(key) {
  try {
    sessionStorage.removeItem(key);
  } catch { /* nothing was kept */ }
}
