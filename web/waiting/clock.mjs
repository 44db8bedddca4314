// The countdown. It goes by the server's clock: only the distance between
// expires_at and server_time counts, and a monotonic clock from there. Pure;
// now is in milliseconds of any clock that never goes back.

// The shortest full ring in seconds; longer lives fill it from their start.
const fullRing = 60;

export class Countdown {
  #endsAt = null;
  #full = fullRing;
  #heard = Infinity;
  #ahead = 0; // what the server's clock shows more than now

  // set takes the deadline of a state that has just come.
  set({ expires_at: expires, server_time: server }, now) {
    const left = Date.parse(expires) - Date.parse(server);
    if (!Number.isFinite(left)) return;
    this.#endsAt = now + Math.max(0, left);
    this.#ahead = Date.parse(server) - now;
    this.#full = Math.max(this.#full, left / 1000);
  }

  // serverTime is what the server's clock shows, in milliseconds.
  serverTime(now) { return now + this.#ahead; }

  // seconds left, rounded up, so that 0 means over; null before the first state.
  seconds(now) {
    if (this.#endsAt === null) return null;
    return Math.max(0, Math.ceil((this.#endsAt - now) / 1000));
  }

  // share of the ring that is left, from 1 to 0.
  share(now) {
    if (this.#endsAt === null) return 0;
    return Math.min(1, Math.max(0, (this.#endsAt - now) / 1000 / this.#full));
  }

  // announce gives 30, 10 or 0 when that mark has just been passed, else null.
  // A page that opens below a mark does not announce that mark.
  announce(now) {
    const left = this.seconds(now);
    if (left === null) return null;
    const before = this.#heard;
    this.#heard = left;
    if (before === Infinity) return null;
    return [0, 10, 30].find((mark) => before > mark && left <= mark) ?? null;
  }
}
