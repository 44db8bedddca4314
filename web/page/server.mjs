// Asking the server: JSON, a bearer secret, and problems by their kind.

const prefix = 'urn:countersign:problem:';

// Problem is an answer that is not what was asked for. kind is the protocol's
// word for it, or "offline" when there was no answer at all.
export class Problem extends Error {
  constructor(kind, members = {}, retryAfter = 0) {
    super(kind);
    this.kind = kind;
    this.members = members;
    this.retryAfter = retryAfter; // seconds, 0 if the server named none
  }
}

// ask sends one request and gives the response, or throws a Problem.
export async function ask(url, token, options = {}, fetching = fetch) {
  const { method = 'GET', body, accept = 'application/json', signal } = options;
  const headers = { Accept: accept, Authorization: `Bearer ${token}` };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  let response;
  try {
    response = await fetching(url, {
      method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body),
      cache: 'no-store', credentials: 'omit', redirect: 'error',
    });
  } catch (err) {
    if (signal?.aborted) throw err;
    throw new Problem('offline');
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

// askJSON is ask for the answer's JSON.
export async function askJSON(url, token, options, fetching) {
  const response = await ask(url, token, options, fetching);
  try {
    return await response.json();
  } catch (err) {
    if (options?.signal?.aborted) throw err;
    throw new Problem('offline'); // the answer broke off, or is not of our server
  }
}

async function problemOf(response) {
  let members = {};
  try {
    members = await response.json();
  } catch { /* a proxy's page, say */ }
  const type = String(members?.type ?? '');
  const kind = type.startsWith(prefix) ? type.slice(prefix.length) : 'unavailable';
  return new Problem(kind, members ?? {}, seconds(response.headers.get('Retry-After')));
}

function seconds(header) {
  const n = Number(header);
  return Number.isFinite(n) && n > 0 ? Math.min(n, 24 * 3600) : 0;
}
