// An iPhone before it is on the home screen. The link is not spent here: what
// is stored in Safari does not come along.
export default function install(app) {
  app.byID('install-copy').addEventListener('click', () => {
    app.copy(`${app.server}/pair#${app.state.pairing.ticket}`, 'install-told');
  });
  app.byID('install-skip').addEventListener('click', () => {
    app.set({ pairing: { ...app.state.pairing, step: 'name' } });
  });
  return { show() {} };
}
