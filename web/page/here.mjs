// One device may be both: the browser that signs in, and the phone that is asked.
// The waiting screen then leads to the phone page, and that one back. Which way
// somebody went is kept for this tab alone, and told to no server.
const key = 'countersign.here';

// goingOver notes that the request is answered on the phone page of this tab.
export function goingOver(approval) {
  try {
    sessionStorage.setItem(key, approval);
  } catch { /* then the phone page offers no way back */ }
}

// cameOver says whether the waiting screen of this approval led here.
export function cameOver(approval) {
  try {
    return Boolean(approval) && sessionStorage.getItem(key) === approval;
  } catch {
    return false;
  }
}
