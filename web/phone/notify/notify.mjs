// Asking for notifications: the reason first, the browser's question only after
// a tap. "Not now" is an answer like any other.
import { claim, turnOn } from '../pairing.mjs';

export default function notify(app) {
  const buttons = ['notify-on', 'notify-later'].map(app.byID);

  async function go(action) {
    for (const button of buttons) button.disabled = true;
    await action();
    for (const button of buttons) button.disabled = false;
  }

  buttons[0].addEventListener('click', () => go(() => turnOn(app)));
  buttons[1].addEventListener('click', () => go(() => claim(app, 'later')));
  return {
    show({ pairing }) { app.complain('notify-wrong', pairing.wrong); },
  };
}
