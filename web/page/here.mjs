// One device may be both: the browser that signs in, and the phone that is asked
// or added. The waiting screen and the set-up then lead to the phone page, and
// that one back. Which way somebody went is kept for this tab alone, and told to
// no server. Where nothing is kept, the person goes back by themselves.
import { inTab, keepInTab } from './tab.mjs';

const key = 'countersign.here';
const pairKey = 'countersign.here.pair';

// goingOver notes that the request is answered on the phone page of this tab.
export const goingOver = (approval) => keepInTab(key, approval);

// cameOver says whether the waiting screen of this approval led here.
export const cameOver = (approval) => Boolean(approval) && inTab(key) === approval;

// openingHere notes that the link of the set-up at back is opened in this tab.
export function openingHere(link, back) {
  keep({ ticket: ticketOf(link), back, six: '' });
}

// claimedHere notes the digits of the phone that has used a link, if it was
// opened here.
export function claimedHere(ticket, six) {
  if (note().ticket === ticket) keep({ ...note(), six });
}

// setUpHere gives the path of the set-up that led this tab to a link; "" if none
// did.
export const setUpHere = (ticket) => (ticket && note().ticket === ticket ? note().back : '');

// setUpOf is the same by the digits of the phone that used the link.
export const setUpOf = (six) => (six && note().six === six ? note().back : '');

// addedHere says whether the phone that shows these digits is this browser: it
// made them itself, as a phone does, of the link and its own key.
export const addedHere = (six) => setUpOf(six) === location.pathname;

const ticketOf = (link) => new URL(link).hash.slice(1);

const keep = (about) => keepInTab(pairKey, JSON.stringify(about));
const note = () => JSON.parse(inTab(pairKey)) ?? {};
