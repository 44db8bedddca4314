// The phone's own screen lock (fingerprint, face, PIN), asked through WebAuthn:
// a credential of this device whose only use is to say that its person was
// there. The server is told whether that happened, not how.
import { b64u, unb64u } from './jws.mjs';

const patience = 60_000; // ms
const userVerified = 0x04; // bit of the flags in authenticator data (WebAuthn, 6.1)

// hasLock says whether this device could be asked at all.
export async function hasLock() {
  try {
    return await PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable();
  } catch {
    return false; // no such interface, or a frame that may not use it
  }
}

// newLock makes the credential and gives its id, for keeping; it throws when
// the person or the device says no.
export async function newLock(name) {
  const made = await navigator.credentials.create({
    publicKey: {
      challenge: crypto.getRandomValues(new Uint8Array(32)),
      rp: { name: 'Countersign' },
      user: { id: crypto.getRandomValues(new Uint8Array(16)), name, displayName: name },
      pubKeyCredParams: [{ type: 'public-key', alg: -7 }, { type: 'public-key', alg: -257 }],
      authenticatorSelection: { authenticatorAttachment: 'platform', userVerification: 'required', residentKey: 'discouraged' },
      timeout: patience,
    },
  });
  return b64u(made.rawId);
}

// openLock asks for the lock to be opened and says whether it was.
export async function openLock(id) {
  try {
    const got = await navigator.credentials.get({
      publicKey: {
        challenge: crypto.getRandomValues(new Uint8Array(32)),
        allowCredentials: [{ type: 'public-key', id: unb64u(id), transports: ['internal'] }],
        userVerification: 'required',
        timeout: patience,
      },
    });
    // After the hash of the site's name, 32 bytes, come the flags.
    return (new Uint8Array(got.response.authenticatorData)[32] & userVerified) !== 0;
  } catch {
    return false;
  }
}
