// Asking the server as one of its phones: each request carries a proof of its
// own, made with the account's key and the server's time.
import { ask } from '../page/server.mjs';
import { phoneProof } from './tokens.mjs';

const far = 30_000; // ms; a Date header is a second coarse, and may be old when it comes

// Line is the way to the server. offset is how far its clock is ahead of this
// phone's, in ms; changed(offset) is told when that is learnt anew.
export class Line {
  constructor(server, offset, changed) {
    this.server = server;
    this.offset = offset;
    this.changed = changed;
  }

  // now is the server's time in ms, as well as it is known.
  now() { return Date.now() + this.offset; }
  unix() { return Math.floor(this.now() / 1000); }

  // heard sets the clock by a server_time.
  heard(serverTime) {
    const offset = Date.parse(serverTime) - Date.now();
    if (!Number.isFinite(offset)) return;
    const moved = Math.abs(offset - this.offset) > 2000;
    this.offset = offset;
    if (moved) this.changed(offset);
  }

  // json asks without a proof.
  async json(method, path, body) {
    const plain = (url, { headers: { Authorization, ...headers }, ...rest }) => fetch(url, { ...rest, headers });
    const response = await ask(this.server + path, '', { method, body }, plain);
    // Before a phone is paired, this is all there is to set a wrong clock by.
    const date = response.headers.get('Date') ?? '';
    if (Math.abs(Date.parse(date) - this.now()) > far) this.heard(date);
    return response.json();
  }

  // call asks as account. The answer's JSON, or null when it has none. A clock
  // that the server finds off is set by it, once, and the request made again.
  async call(account, method, path, body, signal) {
    try {
      return await this.#once(account, method, path, body, signal);
    } catch (err) {
      if (err.kind !== 'proof-clock') throw err;
      this.heard(err.members.server_time);
      return this.#once(account, method, path, body, signal);
    }
  }

  async #once(account, method, path, body, signal) {
    const url = this.server + path;
    const proven = async (to, { headers: { Authorization, ...headers }, ...rest }) => {
      const proof = await phoneProof(account, method, url.split('?')[0], rest.body ?? '', this.unix());
      return fetch(to, { ...rest, headers: { ...headers, 'Phone-Proof': proof } });
    };
    const response = await ask(url, '', { method, body, signal }, proven);
    if (response.status === 204) return null;
    const answer = await response.json();
    if (answer.server_time) this.heard(answer.server_time);
    return answer;
  }
}
