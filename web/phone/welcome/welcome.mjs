// No account yet, or one more: where a link comes from, and a place for it.
import { ticketOf } from '../tokens.mjs';

export default function welcome(app) {
  const { byID } = app;
  const input = byID('welcome-link');

  function use(text) {
    const { ticket, host } = ticketOf(text, app.server);
    app.complain('welcome-wrong', ticket ? '' : host ? 'welcome.elsewhere' : 'welcome.not-a-link', { host });
    input.setAttribute('aria-invalid', String(!ticket));
    if (!ticket) return input.focus();
    input.value = '';
    return app.begin(ticket);
  }

  byID('welcome-form').addEventListener('submit', (event) => {
    event.preventDefault();
    use(input.value);
  });
  byID('welcome-paste').addEventListener('click', async () => {
    const text = await navigator.clipboard?.readText?.().catch(() => '');
    if (text) use(text);
    else input.focus(); // no leave to read: the person pastes it
  });

  return {
    show({ cleared, accounts }) {
      const again = cleared && accounts.length === 0 ? '.again' : '';
      app.write('welcome-headline', `welcome${again}.headline`);
      app.write('welcome-line', `welcome${again}.line`);
    },
  };
}
