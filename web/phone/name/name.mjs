// What the phone is called on its person's other screens.
import { named } from '../pairing.mjs';

export default function name(app) {
  const { byID } = app;
  const input = byID('name-typed');

  // suggest puts in a name, and the model where the browser tells it before
  // the person has touched it.
  async function suggest() {
    if (input.value) return;
    const plain = app.words.text(`name.${app.device}`);
    input.value = plain;
    const model = await navigator.userAgentData?.getHighEntropyValues(['model']).then((v) => v.model, () => '');
    if (model && input.value === plain && document.activeElement !== input) input.value = model;
  }

  byID('name-form').addEventListener('submit', async (event) => {
    event.preventDefault();
    const typed = input.value.normalize('NFC').trim();
    app.set({ pairing: { ...app.state.pairing, wrong: typed ? '' : 'name.empty' } });
    if (!typed) return;
    byID('name-go').disabled = true;
    await named(app, typed);
    byID('name-go').disabled = false;
  });

  return {
    show({ pairing }) {
      app.complain('name-wrong', pairing.wrong);
      // A developer's server offers the link to the simulated phone too.
      if (byID('name-command')) byID('name-command').textContent = `go run ./mobile-stub pair '${app.server}/pair#${pairing.ticket}'`;
      input.setAttribute('aria-invalid', String(Boolean(pairing.wrong)));
    },
    focus() { suggest(); },
  };
}
