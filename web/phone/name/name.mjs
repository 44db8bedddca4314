// What the phone is called on its person's other screens.
import { named } from '../pairing.mjs';

// suggested is the model where the browser tells it.
async function suggested(app) {
  const model = await navigator.userAgentData?.getHighEntropyValues(['model']).then((v) => v.model, () => '');
  return model || app.words.text(`name.${app.device}`);
}

export default function name(app) {
  const { byID } = app;
  const input = byID('name-typed');

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
      input.setAttribute('aria-invalid', String(Boolean(pairing.wrong)));
      if (!input.value) suggested(app).then((text) => { input.value ||= text; });
    },
  };
}
