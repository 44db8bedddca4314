// Addresses that come from a server, and where a page leads with them.
import { write } from './text.mjs';

// webAddress gives back an address that a browser may be sent to; "" for none and
// for any other, such as a javascript: URL.
export function webAddress(address) {
  try {
    const url = new URL(address);
    return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : '';
  } catch {
    return '';
  }
}

// leadTo has a link, with one element in it, lead to an address and say so; without
// an address it is hidden.
export function leadTo(link, to, sentence) {
  link.hidden = !to;
  link.href = to;
  write(link.firstElementChild, sentence);
}
