// Following an approval over lines that break.
import assert from 'node:assert/strict';
import test from 'node:test';
import { delay, events, follow } from './stream.mjs';

const url = 'https://countersign.example.com/v1/approvals/a/stream';
const pending = (version) => ({ version, state: 'pending' });
const approved = (version) => ({ version, state: 'approved' });

// A server made of scripts: what each websocket, and each fetch, is to do.
function surroundings({ sockets = [], answers = [] }) {
  const log = [];
  const waits = [];
  class WebSocket {
    constructor(address, protocols) {
      log.push(['socket', address, protocols]);
      const script = sockets.shift() ?? [];
      queueMicrotask(() => {
        for (const state of script) this.onmessage({ data: typeof state === 'string' ? state : JSON.stringify(state) });
        this.onclose();
      });
    }
    close() { queueMicrotask(() => this.onclose?.()); }
  }
  const fetch = async (address, { headers, signal }) => {
    signal?.throwIfAborted();
    log.push(['fetch', address, headers.Accept, headers.Authorization]);
    const next = answers.shift();
    if (!next) throw new TypeError('no network');
    return next;
  };
  const wait = async (ms) => { waits.push(ms); };
  return { WebSocket, fetch, wait, random: () => 1, log, waits };
}

function hear(source) {
  const heard = { states: [], connected: [], lost: null };
  const line = follow({ url, token: 'secret-token' }, {
    state: (s) => heard.states.push(s),
    connected: (yes) => heard.connected.push(yes),
    lost: (kind) => { heard.lost = kind; },
  }, source);
  return { heard, line };
}

const json = (body, status = 200, headers = {}) => new Response(JSON.stringify(body), { status, headers });
const problem = (kind, status) => json({ type: `urn:countersign:problem:${kind}` }, status);
const sse = (...states) => new Response(states.map((s) => `event: state\ndata: ${JSON.stringify(s)}\n\n`).join(''), { headers: { 'Content-Type': 'text/event-stream' } });

test('the websocket carries the token as a subprotocol and never in the address', async () => {
  const source = surroundings({ sockets: [[pending(1), approved(2)]] });
  const { heard, line } = hear(source);
  await line.done;
  assert.deepEqual(source.log, [['socket', 'wss://countersign.example.com/v1/approvals/a/stream', ['countersign.v1', 'bearer.secret-token']]]);
  assert.deepEqual(heard.states, [pending(1), approved(2)]);
});

test('the last word ends it: no reconnecting, and no "reconnecting" shown', async () => {
  const source = surroundings({ sockets: [[approved(1)], [pending(9)]] });
  const { heard, line } = hear(source);
  await line.done;
  assert.equal(source.log.length, 1);
  assert.deepEqual(heard.connected, [true]);
});

test('a websocket that worked and broke is tried again after a pause', async () => {
  const source = surroundings({ sockets: [[pending(1)], [pending(1), approved(2)]] });
  const { heard, line } = hear(source);
  await line.done;
  assert.deepEqual(heard.states, [pending(1), approved(2)]);
  assert.deepEqual(heard.connected, [true, false, true, true]);
  assert.equal(source.waits.length, 1);
  assert.ok(source.waits[0] > 0);
});

test('where no websocket passes, events do, at once', async () => {
  const source = surroundings({ sockets: [[]], answers: [sse(pending(1), approved(2))] });
  const { heard, line } = hear(source);
  await line.done;
  assert.deepEqual(heard.states, [pending(1), approved(2)]);
  assert.deepEqual(source.log[1], ['fetch', url, 'text/event-stream', 'Bearer secret-token']);
  assert.deepEqual(source.waits, [0]);
});

test('where no events pass either, polling does, waiting for what is newer than was seen', async () => {
  const source = surroundings({ sockets: [[]], answers: [json({}, 502), json(pending(3)), json(approved(4))] });
  const { heard, line } = hear(source);
  await line.done;
  assert.deepEqual(heard.states, [pending(3), approved(4)]);
  assert.deepEqual(source.log.slice(2).map((l) => l[1]), [url, `${url}?wait=25s&version=3`]);
});

test('a proxy that answers an event request with a page of its own is passed by', async () => {
  const source = surroundings({ sockets: [[]], answers: [new Response('data: {"version":9,"state":"approved"}\n\n', { headers: { 'Content-Type': 'text/html' } }), json(approved(1))] });
  const { heard, line } = hear(source);
  await line.done;
  assert.deepEqual(heard.states, [approved(1)]);
});

test('with no way open the pauses grow, then the websocket is tried anew', async () => {
  const source = surroundings({ sockets: [[], [], [approved(1)]] });
  const { heard, line } = hear(source);
  await line.done;
  const pauses = source.waits.filter((ms) => ms > 0);
  assert.equal(pauses.length, 2);
  assert.ok(pauses[1] > pauses[0], `${pauses}`);
  assert.deepEqual(heard.states, [approved(1)]);
});

for (const [kind, status] of [['unauthorized', 401], ['approval-not-found', 404], ['origin-refused', 403]]) {
  test(`${kind} ends the following for good`, async () => {
    const source = surroundings({ sockets: [[]], answers: [problem(kind, status)] });
    const { heard, line } = hear(source);
    await line.done;
    assert.equal(heard.lost, kind);
    assert.equal(source.log.length, 2);
  });
}

test('a 404 of a proxy, without our problem, does not', async () => {
  const source = surroundings({ sockets: [[]], answers: [json({}, 404), json(approved(1))] });
  const { heard, line } = hear(source);
  await line.done;
  assert.equal(heard.lost, null);
  assert.deepEqual(heard.states, [approved(1)]);
});

test('the server is left alone for as long as it asks to be', async () => {
  const busy = json({ type: 'urn:countersign:problem:unavailable' }, 503, { 'Retry-After': '7' });
  const source = surroundings({ sockets: [[]], answers: [busy, json(approved(1))] });
  const { line } = hear(source);
  await line.done;
  assert.ok(source.waits.includes(7000), `${source.waits}`);
});

test('older and equal versions, and what is no state, change nothing', async () => {
  const source = surroundings({ sockets: [[pending(5), pending(4), pending(5), 'no json', 'null', '{"version":9}', approved(6)]] });
  const { heard, line } = hear(source);
  await line.done;
  assert.deepEqual(heard.states, [pending(5), approved(6)]);
});

test('an answer to what the person did counts as a state, and ends it if it is the last', async () => {
  const source = surroundings({ sockets: [[pending(1)]] });
  source.wait = (ms, signal) => new Promise((resolve) => { signal.addEventListener('abort', resolve); });
  const { heard, line } = hear(source);
  line.take(approved(2));
  await line.done;
  assert.deepEqual(heard.states, [approved(2)]);
});

test('stop ends it', async () => {
  const source = surroundings({});
  const { heard, line } = hear(source);
  line.stop();
  await line.done;
  assert.deepEqual(heard.states, []);
  assert.equal(heard.lost, null);
});

test('pauses double up to eight seconds, and half of each is chance', () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5, 50].map((n) => delay(n, () => 1)), [500, 1000, 2000, 4000, 8000, 8000, 8000]);
  assert.equal(delay(5, () => 0), 4000);
});

async function read(...chunks) {
  const encoder = new TextEncoder();
  const body = new ReadableStream({ start(c) { chunks.forEach((p) => c.enqueue(encoder.encode(p))); c.close(); } });
  const got = [];
  for await (const data of events(body)) got.push(data);
  return got;
}

test('events are read whatever the pieces they come in', async () => {
  assert.deepEqual(await read('event: state\nda', 'ta: {"a"', ':1}\n', '\n: a comment\n\ndata: two\ndata: lines\r\n\r\n'), ['{"a":1}', 'two\nlines']);
});

test('an event that was cut off is no event', async () => {
  assert.deepEqual(await read('data: whole\n\ndata: half'), ['whole']);
});

test('a line without end ends the stream instead of filling the memory', async () => {
  await assert.rejects(read('data: ' + 'x'.repeat(70_000)));
});
