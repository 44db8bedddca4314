// "This wasn't me", of a change: what that stops, and then stopping it.
import { stopNotice } from '../notices.mjs';

export default function stop(app) {
  const buttons = ['stop-yes', 'stop-no'].map(app.byID);
  buttons[0].addEventListener('click', async () => app.complain('stop-wrong', await stopNotice(app, app.state.about)));
  buttons[1].addEventListener('click', app.back);
  return {
    turn: ({ about }) => about,
    show({ busy }) { for (const button of buttons) button.disabled = Boolean(busy); },
    focus() { app.complain('stop-wrong', ''); },
  };
}
