// The people and applications of browser tests, played over the protocol: who
// asks for sign-ins, whose phones answer, whose apps show codes. SERVER is the
// server's address, KEY an API key, MAIL where mails can be read, if there are any.
import assert from "node:assert/strict";
import { createHash, createHmac, generateKeyPairSync, randomUUID, sign } from "node:crypto";

export const { SERVER: server, KEY: key } = process.env;
const { MAIL: mail } = process.env;

// call asks the server with a bearer secret.
export async function call(method, path, bearer, body) {
  const answer = await fetch(server + path, {
    method, headers: { Authorization: `Bearer ${bearer}`, ...(body ? { "Content-Type": "application/json" } : {}) },
    body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
  return text && JSON.parse(text);
}

export const ask = (user, more = {}) => call("POST", "/v1/approvals", key, { user, ...more });
export const stands = (id) => call("GET", `/v1/approvals/${id}`, key);

// code is the TOTP code of a set-up key, steps away from now (RFC 6238).
export function code(setUpKey, steps = 0) {
  const bits = [...setUpKey.replace(/ /g, "")].map((c) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0")).join("");
  const secret = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const mac = createHmac("sha1", secret).update(counter).digest();
  const at = mac[19] & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

// authenticator sets up an authenticator app and recovery codes for user.
export async function authenticator(user) {
  const { id, set_up_token: token } = await call("POST", "/v1/pairings", key, { user });
  const { setup_key: setUpKey } = await call("POST", `/v1/pairings/${id}/authenticator`, token);
  await call("POST", `/v1/pairings/${id}/authenticator/confirm`, token, { code: code(setUpKey, -1) });
  const { codes } = await call("POST", `/v1/pairings/${id}/recovery-codes`, token);
  return { setUpKey, codes };
}

// handset pairs a phone by its link, as an app would: the digits are compared by
// whoever opened the set-up.
export async function handset(link, name) {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { kty, crv, x, y } = publicKey.export({ format: "jwk" });
  const ticket = new URL(link).hash.slice(1);
  const thumbprint = hash(`{"crv":"${crv}","kty":"${kty}","x":"${x}","y":"${y}"}`);
  const proof = jws(privateKey, { alg: "ES256", typ: "countersign-pair+jwt" }, { aud: server, tkt: hash(ticket), jkt: thumbprint, iat: now() });
  const answer = await fetch(`${server}/v1/pair`, {
    method: "POST", headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ticket, public_key: { kty, crv, x, y }, name, platform: "other", proof }),
  });
  assert.equal(answer.status, 201);
  const { device_id: id } = await answer.json();
  const request = (method, path, body = "") => fetch(server + path, {
    method, body: body || undefined,
    headers: {
      ...(body ? { "Content-Type": "application/json" } : {}),
      "Phone-Proof": jws(privateKey, { alg: "ES256", typ: "countersign-phone+jwt", kid: id },
        { htm: method, htu: server + path, iat: now(), jti: randomUUID(), bod: hash(body) }),
    },
  });
  const asked = async () => (await (await request("GET", "/v1/phone/approvals")).json()).approvals;
  return {
    id, asked, request,
    async answer(approval, decision, number) {
      const claims = { iss: id, aud: server, txn: approval.id, nonce: approval.nonce, decision, number, dsp: hash(approval.display), iat: now() };
      const answer = jws(privateKey, { alg: "ES256", typ: "countersign-answer+jwt", kid: id }, claims);
      return request("POST", `/v1/phone/approvals/${approval.id}/answer`, JSON.stringify({ answer }));
    },
  };
}

const now = () => Math.floor(Date.now() / 1000);
const hash = (text) => createHash("sha256").update(text).digest("base64url");
const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
function jws(key, header, payload) {
  const text = `${encode(header)}.${encode(payload)}`;
  return `${text}.${sign("sha256", Buffer.from(text), { key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}

// everything sets up a phone, an authenticator app and recovery codes for user.
export async function everything(user) {
  const { id, set_up_token: token } = await call("POST", "/v1/pairings", key, { user });
  const phone = await handset((await call("GET", `/v1/pairings/${id}`, token)).pair_url, "Old phone");
  await call("POST", `/v1/pairings/${id}/confirm`, token, { match: true });
  const { setup_key: setUpKey } = await call("POST", `/v1/pairings/${id}/authenticator`, token);
  await call("POST", `/v1/pairings/${id}/authenticator/confirm`, token, { code: code(setUpKey, -1) });
  const { codes } = await call("POST", `/v1/pairings/${id}/recovery-codes`, token);
  return { phone, setUpKey, codes };
}

// mailed waits for the next code to an address, among what else it is told.
export async function mailed(to) {
  const answer = await fetch(`${mail}?${new URLSearchParams({ to, subject: "Your code" })}`);
  assert.equal(answer.status, 200, `no mail to ${to}`);
  const { text } = await answer.json();
  return /\b\d{6}\b/.exec(text)[0];
}
