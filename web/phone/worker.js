// The part of the phone page that is there while the page is closed: it shows
// the notification of a wake-up and leads to the request, and keeps the page's
// files so that codes come without a network. It holds no key and signs
// nothing. shell, put before this by the server, has version, base, page and
// files.
const cacheName = `countersign-phone-${shell.version}`;

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(cacheName).then((cache) => cache.addAll([shell.page, ...shell.files])).then(() => self.skipWaiting()));
});

self.addEventListener('activate', (event) => {
  event.waitUntil(forgetOlder().then(() => self.clients.claim()));
});

async function forgetOlder() {
  const names = await caches.keys();
  await Promise.all(names.filter((n) => n.startsWith('countersign-phone-') && n !== cacheName).map((n) => caches.delete(n)));
}

// What is kept is answered at once; a newer worker brings newer files. The API
// is never kept.
self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== location.origin) return;
  const path = event.request.mode === 'navigate' && url.pathname === shell.page ? shell.page : url.pathname;
  if (path !== shell.page && !shell.files.includes(path)) return;
  event.respondWith(caches.open(cacheName).then((cache) => cache.match(path)).then((kept) => kept ?? fetch(event.request)));
});

// A wake-up carries the id of an approval or of a notice, and nothing else.
// Something is always shown: browsers take push away from pages that show
// nothing.
self.addEventListener('push', (event) => {
  event.waitUntil(wake(read(event.data)));
});

function read(data) {
  const isID = (id) => typeof id === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(id);
  try {
    const { approval_id: id, notice_id: notice } = data.json();
    return isID(notice) ? { notice } : { id: isID(id) ? id : '' };
  } catch {
    return { id: '' };
  }
}

async function wake(about) {
  const [words, pages] = await Promise.all([catalogue(), openPages()]);
  for (const page of pages) page.postMessage({ look: true });
  const [title, body] = about.notice ? ['notice.title', 'notice.body'] : ['notification.title', 'notification.body'];
  await self.registration.showNotification(words[title], {
    body: words[body], lang: words.language, dir: words.direction,
    icon: shell.icon, badge: shell.badge, tag: about.notice ?? (about.id || 'request'), renotify: true, requireInteraction: true, data: about,
  });
}

// The catalogue of the first language that this person prefers and there is.
async function catalogue() {
  const cache = await caches.open(cacheName);
  for (const language of [...navigator.languages.map((tag) => tag.toLowerCase().split('-')[0]), 'en']) {
    const kept = shell.words[language] && await cache.match(shell.words[language]);
    if (kept) return { ...await kept.json(), language };
  }
  return { 'notification.title': 'Sign-in request', 'notice.title': 'Your sign-in security changed', language: 'en', direction: 'ltr' };
}

const openPages = () => self.clients.matchAll({ type: 'window', includeUncontrolled: true })
  .then((all) => all.filter((page) => [shell.page, `${shell.base}/pair`].includes(new URL(page.url).pathname)));

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(lead(event.notification.data ?? {}));
});

async function lead({ id, notice }) {
  const [page] = await openPages();
  const about = notice ? `#notice=${notice}` : id ? `#request=${id}` : '';
  if (!page) return self.clients.openWindow(shell.page + about);
  if (about) page.postMessage({ open: id, notice });
  return page.focus();
}
