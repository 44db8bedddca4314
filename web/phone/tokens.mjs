// The three tokens that a phone signs, as docs/protocol.md has them. Pure but
// for chance: whoever calls says what time it is, in Unix seconds.
import { b64u, digest, sha256, sign, thumbprint } from './jws.mjs';

// pairingProof shows the server that the key is ours and the ticket known.
export async function pairingProof({ privateKey, jwk }, server, ticket, iat) {
  return sign(privateKey, 'countersign-pair+jwt', '', {
    aud: server, tkt: await digest(ticket), jkt: await thumbprint(jwk), iat,
  });
}

// phoneProof goes with each later request; address is without its query.
export async function phoneProof({ id, privateKey }, method, address, body, iat) {
  return sign(privateKey, 'countersign-phone+jwt', id, {
    htm: method, htu: address, iat, jti: b64u(crypto.getRandomValues(new Uint8Array(16))), bod: await digest(body),
  });
}

// answer signs what was shown and what the person decided. number is for
// "approve" alone; verified says that the screen lock was opened for it.
export async function answer({ id, privateKey }, server, request, { decision, number, verified }, iat) {
  return sign(privateKey, 'countersign-answer+jwt', id, {
    iss: id, aud: server, txn: request.id, nonce: request.nonce, decision,
    ...(decision === 'approve' && number ? { number } : {}),
    dsp: await digest(request.display), iat,
    ...(verified ? { uv: true } : {}),
  });
}

// digits are what both screens show while a phone is paired.
export async function digits(ticket, jwk) {
  const sum = new DataView(await sha256(`countersign-digits\0${ticket}\0${await thumbprint(jwk)}`));
  return String(sum.getBigUint64(0) % 1_000_000n).padStart(6, '0');
}

// grouped sets six digits apart as people read them: "482 913".
export function grouped(six) {
  return `${six.slice(0, 3)} ${six.slice(3)}`;
}

// ticketOf finds the ticket in a pairing link that somebody pasted. A link of
// another server gives its host instead: each server has a page of its own, and
// this one talks to none but its own.
export function ticketOf(pasted, server) {
  let link;
  try {
    link = new URL(pasted.trim());
  } catch {
    return {};
  }
  if (!/^https?:$/.test(link.protocol) || !link.pathname.endsWith('/pair')) return {};
  if (link.origin + link.pathname !== `${server}/pair`) return { host: link.host };
  const ticket = link.hash.slice(1);
  return /^[A-Za-z0-9_-]{16,128}$/.test(ticket) ? { ticket } : {};
}
