// What has changed in how this person signs in: fetched with the last sign-ins,
// and stopped by the word of whoever it was not.

const active = (app) => app.state.accounts.filter((a) => a.state === 'active');

// fetchNotices reads those of every account; without a network what is known
// stays.
export function fetchNotices(app) {
  return Promise.all(active(app).map(async (account) => {
    try {
      const { notices } = await app.line.call(account, 'GET', '/v1/phone/notices');
      app.set({ notices: { ...app.state.notices, [account.id]: notices } });
    } catch { /* as above */ }
  }));
}

// noticesOf lists them all, newest first, each with its account.
export function noticesOf({ accounts, notices }) {
  const all = accounts.flatMap((a) => (notices[a.id] ?? []).map((n) => ({ ...n, account: a.id, user: a.user })));
  return all.sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
}

// noticeOf is the one of that id.
export const noticeOf = (state, id) => noticesOf(state).find((n) => n.id === id);

// unlooked is the newest that can be stopped and was not looked at here.
export const unlooked = (state) => noticesOf(state).find((n) => n.state === 'open' && Date.parse(n.at) > state.looked);

// look notes that what there is has been seen.
export function look(app, at) {
  if (!(at > app.state.looked)) return;
  app.store.keep('looked', at);
  app.set({ looked: at });
}

// openNotice shows the one whose notification was opened. One that is no more is
// looked for among the others.
export async function openNotice(app, id) {
  app.set({ said: null, reporting: false });
  app.go('change', id);
  await fetchNotices(app);
  if (app.state.where === 'change' && app.state.about === id && !noticeOf(app.state, id)) app.set({ where: 'history', about: '' });
}

// stopNotice says that it was somebody else, and gives the key of what to say
// when nothing was stopped.
export async function stopNotice(app, id) {
  const notice = noticeOf(app.state, id);
  const account = app.account(notice.account);
  app.set({ busy: true });
  try {
    await app.line.call(account, 'POST', `/v1/phone/notices/${id}/stop`);
    app.set({ where: '', about: '', said: { kind: 'halted', values: {} } });
    fetchNotices(app);
    return '';
  } catch (err) {
    if (err.kind === 'phone-unknown') await app.removed(account);
    return app.failure(err);
  } finally {
    app.set({ busy: false });
  }
}

// changeOf is a change in words, and what it happened to.
export function changeOf(words, { event, detail }) {
  const key = `changed.${event}`;
  const what = words.parts(words.has(key) ? key : 'changed.other');
  return detail ? [...what, { text: ' · ' }, { text: detail, value: true }] : what;
}
