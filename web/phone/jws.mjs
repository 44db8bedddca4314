// Compact JSON Web Signatures (RFC 7515) of a P-256 key that never leaves this
// browser, and the digests that go into them.

const utf8 = new TextEncoder();
const ec = { name: 'ECDSA', namedCurve: 'P-256' };

// b64u is base64url without padding, of bytes.
export function b64u(bytes) {
  return btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

// unb64u gives the bytes of base64url; it throws on what is not.
export function unb64u(text) {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
}

// sha256 of a text's UTF-8.
export function sha256(text) {
  return crypto.subtle.digest('SHA-256', utf8.encode(text));
}

// digest is sha256 in base64url.
export async function digest(text) {
  return b64u(await sha256(text));
}

// newKey makes a key pair: the private half cannot be exported, the public one
// comes as a JWK with the members that the protocol names.
export async function newKey() {
  const { privateKey, publicKey } = await crypto.subtle.generateKey(ec, false, ['sign', 'verify']);
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', publicKey);
  return { privateKey, jwk: { kty, crv, x, y } };
}

// thumbprint of a P-256 public key: RFC 7638, members in alphabetical order.
export function thumbprint({ crv, kty, x, y }) {
  return digest(JSON.stringify({ crv, kty, x, y }));
}

// sign gives the token; kid is left out when it is empty. WebCrypto's signature
// is r and s side by side, which is what ES256 asks for (RFC 7518, 3.4).
export async function sign(privateKey, typ, kid, claims) {
  const header = kid ? { alg: 'ES256', typ, kid } : { alg: 'ES256', typ };
  const content = [header, claims].map((part) => b64u(utf8.encode(JSON.stringify(part)))).join('.');
  const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, privateKey, utf8.encode(content));
  return `${content}.${b64u(signature)}`;
}
