import assert from 'node:assert/strict';
import test from 'node:test';
import { Countdown } from './clock.mjs';

const state = (seconds) => ({ server_time: '2026-11-01T10:00:00Z', expires_at: new Date(Date.parse('2026-11-01T10:00:00Z') + seconds * 1000).toISOString() });

test('it goes by the distance the server gives, whatever the clock of the browser says', () => {
  const c = new Countdown();
  c.set(state(60), 5_000_000);
  assert.equal(c.seconds(5_000_000), 60);
  assert.equal(c.seconds(5_000_000 + 17_300), 43);
});

test('it knows what the clock of the server shows', () => {
  const c = new Countdown();
  c.set(state(60), 5_000_000);
  assert.equal(new Date(c.serverTime(5_000_000 + 1_500)).toISOString(), '2026-11-01T10:00:01.500Z');
});

test('it shows 0 only when the time is up, and never less', () => {
  const c = new Countdown();
  c.set(state(60), 0);
  assert.equal(c.seconds(59_999), 1);
  assert.equal(c.seconds(60_000), 0);
  assert.equal(c.seconds(90_000), 0);
});

test('the ring is full at the start of a life, also of a long one', () => {
  const c = new Countdown();
  c.set(state(300), 0);
  assert.equal(c.share(0), 1);
  assert.equal(c.share(150_000), 0.5);
  assert.equal(c.share(400_000), 0);
});

test('a page that is reloaded half-way shows a half ring', () => {
  const c = new Countdown();
  c.set(state(30), 0);
  assert.equal(c.share(0), 0.5);
});

test('30, 10 and 0 are announced once each, and nothing else', () => {
  const c = new Countdown();
  c.set(state(60), 0);
  const said = [];
  for (let now = 0; now <= 65_000; now += 250) {
    const mark = c.announce(now);
    if (mark !== null) said.push(mark);
  }
  assert.deepEqual(said, [30, 10, 0]);
});

test('a tab that slept over several marks announces the last one alone', () => {
  const c = new Countdown();
  c.set(state(60), 0);
  c.announce(0);
  assert.equal(c.announce(61_000), 0);
  assert.equal(c.announce(62_000), null);
});

test('a page opened with 20 seconds left does not announce 30', () => {
  const c = new Countdown();
  c.set(state(20), 0);
  assert.equal(c.announce(0), null);
  assert.equal(c.announce(10_000), 10);
});

test('before the first state, and with a time that is none, there is no countdown', () => {
  const c = new Countdown();
  assert.equal(c.seconds(0), null);
  c.set({ server_time: 'now', expires_at: 'soon' }, 0);
  assert.equal(c.seconds(0), null);
  assert.equal(c.announce(0), null);
});
