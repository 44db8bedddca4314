// Codes of RFC 6238, made here so that they come without a network too.

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

// base32 gives the bytes of RFC 4648's base32, or throws.
export function base32(text) {
  const out = [];
  let buffer = 0;
  let bits = 0;
  for (const letter of text.replace(/=+$/, '')) {
    const value = alphabet.indexOf(letter);
    if (value < 0) throw new RangeError('not base32');
    buffer = ((buffer << 5) | value) & 0xfff;
    bits += 5;
    if (bits >= 8) out.push((buffer >> (bits -= 8)) & 0xff);
  }
  return new Uint8Array(out);
}

// code of an HMAC key at a time in milliseconds.
export async function code(key, { digits = 6, period = 30 }, now) {
  const counter = new DataView(new ArrayBuffer(8));
  counter.setBigUint64(0, BigInt(Math.floor(now / 1000 / period)));
  const mac = new DataView(await crypto.subtle.sign('HMAC', key, counter));
  const at = mac.getUint8(mac.byteLength - 1) & 0xf;
  return String((mac.getUint32(at) & 0x7fffffff) % 10 ** digits).padStart(digits, '0');
}

// life of the code that counts now: seconds left, and the share of its time.
export function life({ period = 30 }, now) {
  const left = period - (now / 1000) % period;
  return { seconds: Math.ceil(left), share: left / period };
}
