// No account yet, or one more: where a link comes from, and a place for it.
import { ticketOf } from '../tokens.mjs';

export default function welcome(app) {
  const { byID } = app;
  const input = byID('welcome-link');

  function use(text) {
    const { ticket, host } = ticketOf(text, app.server);
    app.complain('welcome-wrong', ticket ? '' : host ? 'welcome.elsewhere' : 'welcome.not-a-link', { host });
    input.setAttribute('aria-invalid', String(!ticket));
    if (!ticket) {
      input.value = text;
      return type();
    }
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
    else type(); // no leave to read: the person puts it in
  });
  byID('welcome-type').addEventListener('click', () => type());

  function type() {
    byID('welcome-typing').hidden = false;
    for (const id of ['welcome-paste', 'welcome-type']) byID(id).hidden = true;
    input.focus();
  }

  return {
    focus() {
      byID('welcome-typing').hidden = true;
      for (const id of ['welcome-paste', 'welcome-type']) byID(id).hidden = false;
      app.complain('welcome-wrong', '');
    },
    show({ cleared, accounts }) {
      const again = cleared && accounts.length === 0 ? '.again' : '';
      app.write('welcome-headline', `welcome${again}.headline`);
      app.write('welcome-line', `welcome${again}.line`);
    },
  };
}
