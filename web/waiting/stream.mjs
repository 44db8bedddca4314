// Following an approval: by websocket, else by server-sent events, else by long
// polling; all on one address, with one frame format. It goes on until the
// approval is settled, the server says that there is nothing to follow, or stop.
import { ask, askJSON, Problem } from '../page/server.mjs';

const firstFrameWithin = 6000; // ms; a proxy that holds a stream back shows by its silence
const pollWait = '25s';
const pollWithin = 40000; // ms
const longestDelay = 8000; // ms
const longestFrame = 64 << 10; // characters, as the protocol's bodies

// Problems after which asking again is of no use.
const hopeless = ['unauthorized', 'approval-not-found', 'not-found', 'origin-refused'];

// browser is what follow needs of its surroundings; tests bring their own.
export const browser = {
  WebSocket: globalThis.WebSocket,
  fetch: (...args) => fetch(...args),
  wait: (ms, signal) => new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => { clearTimeout(timer); resolve(); }, { once: true });
  }),
  random: Math.random,
};

// follow reports to on.state(state), on.connected(yes) and on.lost(kind).
// url is the stream's http(s) address, token the waiting token.
export function follow({ url, token }, on, surroundings = browser) {
  const whole = new AbortController();
  const line = new Line(url, token, on, surroundings, whole);
  const done = line.run();
  return { stop: () => whole.abort(), poke: () => line.poke(), take: (state) => line.take(state), done };
}

class Line {
  #version = -1;
  #current = null; // the connection that stands, to be cut when it proves dead

  constructor(url, token, on, surroundings, whole) {
    Object.assign(this, { url, token, on, surroundings, whole });
  }

  async run() {
    const ways = [byWebSocket, byEvents, byPolling];
    let way = 0;
    let failures = 0;
    while (!this.whole.signal.aborted) {
      const { heard, problem } = await this.#connect(ways[way]);
      if (this.whole.signal.aborted) return;
      if (hopeless.includes(problem?.kind)) return this.on.lost(problem.kind);
      failures = heard ? 0 : failures + 1;
      if (heard) { // it worked, so it is the way; come back spread out, not all at once
        await this.#wait(delay(1, this.surroundings.random));
        continue;
      }
      way = (way + 1) % ways.length;
      const pause = Math.max(way === 0 ? delay(failures, this.surroundings.random) : 0, (problem?.retryAfter ?? 0) * 1000);
      await this.#wait(Math.min(pause, 30000));
    }
  }

  // connect opens one connection and gives what came of it once it is over.
  async #connect(way) {
    const cut = new AbortController();
    const { signal } = this.whole;
    const stop = () => cut.abort();
    signal.addEventListener('abort', stop);
    this.#current = cut;
    let heard = false;
    let problem = null;
    try {
      await way(this, cut, (state) => {
        heard = true;
        this.on.connected(true);
        this.take(state);
      });
    } catch (err) {
      problem = err instanceof Problem ? err : new Problem('offline');
    }
    cut.abort();
    signal.removeEventListener('abort', stop);
    if (!signal.aborted) this.on.connected(false);
    return { heard, problem };
  }

  // take hands on what is newer than what was seen. The last word ends it all.
  take(state) {
    if (!state || typeof state.state !== 'string' || !(state.version > this.#version)) return;
    if (this.whole.signal.aborted) return;
    this.#version = state.version;
    const settled = state.state !== 'pending';
    if (settled) this.whole.abort();
    this.on.state(state);
  }

  // poke reads the state once, beside the stream: after sleep, on coming back,
  // at the deadline. If it knows more than the stream, the stream is dead.
  async poke() {
    try {
      const before = this.#version;
      const state = await askJSON(this.url, this.token, { signal: this.whole.signal }, this.surroundings.fetch);
      const stale = state.version > this.#version && before >= 0;
      this.take(state);
      if (stale) this.#current?.abort();
    } catch { /* the stream's own retrying deals with it */ }
  }

  get version() { return this.#version; }

  #wait(ms) {
    return this.surroundings.wait(ms, this.whole.signal);
  }
}

// delay doubles from half a second up to eight, the second half of it by chance.
export function delay(failures, random) {
  const most = Math.min(longestDelay, 500 * 2 ** Math.min(failures, 10));
  return most / 2 + random() * most / 2;
}

function byWebSocket(line, cut, heard) {
  const { WebSocket } = line.surroundings;
  if (!WebSocket) return Promise.resolve();
  return new Promise((resolve) => {
    const socket = new WebSocket(line.url.replace(/^http/, 'ws'), ['countersign.v1', `bearer.${line.token}`]);
    const quiet = setTimeout(() => socket.close(), firstFrameWithin);
    const over = () => { clearTimeout(quiet); resolve(); };
    cut.signal.addEventListener('abort', () => { socket.close(); over(); }, { once: true });
    socket.onmessage = ({ data }) => {
      clearTimeout(quiet);
      const state = parse(data);
      if (state) heard(state);
    };
    socket.onclose = over;
  });
}

async function byEvents(line, cut, heard) {
  const quiet = setTimeout(() => cut.abort(), firstFrameWithin);
  try {
    const response = await ask(line.url, line.token, { accept: 'text/event-stream', signal: cut.signal }, line.surroundings.fetch);
    if (!response.headers.get('Content-Type')?.startsWith('text/event-stream')) return;
    for await (const data of events(response.body)) {
      clearTimeout(quiet);
      const state = parse(data);
      if (state) heard(state);
    }
  } finally {
    clearTimeout(quiet);
  }
}

async function byPolling(line, cut, heard) {
  for (;;) {
    const query = line.version < 0 ? '' : `?wait=${pollWait}&version=${line.version}`;
    const late = setTimeout(() => cut.abort(), pollWithin);
    const before = line.version;
    const since = Date.now();
    try {
      heard(await askJSON(line.url + query, line.token, { signal: cut.signal }, line.surroundings.fetch));
    } finally {
      clearTimeout(late);
    }
    if (cut.signal.aborted) return;
    // A proxy that answers at once, from a store of its own, must not be stormed.
    if (line.version === before && Date.now() - since < 1000) await line.surroundings.wait(1000, cut.signal);
  }
}

// events reads the data of server-sent events from a body, whatever the pieces
// it comes in. Lines over the bound end the stream.
export async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  let data = [];
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      rest += value;
      if (rest.length > longestFrame) throw new Problem('offline');
      const lines = rest.split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop();
      for (const text of lines) {
        if (text.startsWith('data:')) data.push(text.slice(5).replace(/^ /, ''));
        if (text === '' && data.length > 0) {
          yield data.join('\n');
          data = [];
        }
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function parse(text) {
  if (typeof text !== 'string' || text.length > longestFrame) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
