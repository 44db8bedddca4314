// An iPhone before it is on the home screen. The link is not spent here: what
// is stored in Safari does not come along. Where the set-up is in this very tab,
// the digits are compared there, so this page leads back to it.
import { setUpHere } from '../../page/here.mjs';

export default function install(app) {
  app.byID('install-copy').addEventListener('click', () => {
    app.copy(`${app.server}/pair#${app.state.pairing.ticket}`, 'install-told');
  });
  app.byID('install-skip').addEventListener('click', () => {
    app.set({ pairing: { ...app.state.pairing, step: 'name' } });
  });
  return {
    show({ pairing }) {
      app.byID('install-back').hidden = setUpHere(pairing.ticket) === '';
      app.byID('install-back').href = setUpHere(pairing.ticket);
    },
  };
}
