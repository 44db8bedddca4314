// What the phone keeps, in IndexedDB of this browser: accounts with their keys,
// and a few facts. Keys are CryptoKey objects that cannot be exported; secrets
// for codes lie encrypted under one of them. A copy of the files is worth
// nothing without this browser.

const openings = { accounts: { keyPath: 'id' }, facts: undefined };

// done turns a request of IndexedDB into a promise.
const done = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

// openStore opens or makes the database.
export async function openStore() {
  const opening = indexedDB.open('countersign', 1);
  opening.onupgradeneeded = () => {
    for (const [name, options] of Object.entries(openings)) opening.result.createObjectStore(name, options);
  };
  return new Store(await done(opening));
}

// accountsHere reads the accounts that this browser keeps, for pages that are not
// the phone. Where there is no database it makes none.
export async function accountsHere() {
  const opening = indexedDB.open('countersign');
  opening.onupgradeneeded = () => opening.transaction.abort();
  const db = await done(opening);
  try {
    return await new Store(db).accounts();
  } finally {
    db.close();
  }
}

class Store {
  #db;

  constructor(db) { this.#db = db; }

  #in(name, mode = 'readwrite') {
    return this.#db.transaction(name, mode).objectStore(name);
  }

  // accounts in the order in which they were added.
  async accounts() {
    const all = await done(this.#in('accounts', 'readonly').getAll());
    return all.sort((a, b) => a.since - b.since);
  }

  put(account) { return done(this.#in('accounts').put(account)); }
  drop(id) { return done(this.#in('accounts').delete(id)); }
  fact(name) { return done(this.#in('facts', 'readonly').get(name)); }
  keep(name, value) { return done(this.#in('facts').put(value, name)); }

  // sealKey is made once; of two tabs that make it at once, the first wins.
  async sealKey() {
    const kept = await this.fact('seal');
    if (kept) return kept;
    const fresh = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'unwrapKey']);
    try {
      await done(this.#in('facts').add(fresh, 'seal'));
      return fresh;
    } catch {
      return this.fact('seal');
    }
  }
}

const bound = (iv, id) => ({ name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(id) });

// seal encrypts an account's secret for codes; it opens for that account alone.
export async function seal(key, id, secret) {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  return { iv, box: await crypto.subtle.encrypt(bound(iv, id), key, secret) };
}

// unseal gives the HMAC key; its bytes never come back into the page's hands.
export function unseal(key, id, { iv, box }) {
  return crypto.subtle.unwrapKey('raw', box, key, bound(iv, id), { name: 'HMAC', hash: 'SHA-1' }, false, ['sign']);
}
