// Steps beside the sign-in: ways to a new phone that are open to somebody without
// phone and code. One is on the screen at a time, in the sign-in's place, and
// stays there when the sign-in runs out: mail takes longer than that.
import { dropFromTab, inTab, keepInTab } from '../page/tab.mjs';
import { plain, rest, say, write } from '../page/text.mjs';

const byID = (id) => document.getElementById(id);

// stays says whether a step stays on the screen beside a view of the sign-in: what
// a phone has answered, and what was begun elsewhere, is not to be missed.
export const stays = (view) => view.purpose !== 'end' || view.kind === 'expired';

export class Steps {
  #words;
  #again;
  #memory;
  #busy = false;

  // again shows the sign-in; memory is where a step is kept over a reload.
  constructor(words, memory, again) {
    this.#words = words;
    this.#again = again;
    this.#memory = memory;
    this.name = '';
    byID('step-back').addEventListener('click', () => this.close());
  }

  open(name, values = {}) {
    this.name = name;
    keep(this.#memory, name);
    byID('screen').hidden = true;
    byID('step').hidden = false;
    for (const part of byID('step').querySelectorAll('[data-step]')) part.hidden = part.dataset.step !== name;
    const headline = this.#words.parts(`waiting.step.${name}.headline`);
    const line = this.#words.parts(`waiting.step.${name}.line`, values);
    write(byID('step-headline'), headline);
    write(byID('step-line'), line);
    document.title = plain(headline);
    say(byID('polite'), `${plain(headline)}. ${plain(line)}`);
    byID('step-headline').focus({ preventScroll: true });
    scrollTo({ top: 0 });
  }

  close() {
    if (!this.name) return;
    this.name = '';
    keep(this.#memory, '');
    byID('step').hidden = true;
    byID('screen').hidden = false;
    this.#again();
    byID('headline').focus({ preventScroll: true });
  }

  // kept is the step that was open before the page was loaded again.
  get kept() {
    return inTab(this.#memory) ?? '';
  }

  // holds says whether the screen is the step's, beside that view of the sign-in.
  holds(view) {
    if (this.name && !this.#busy && !stays(view)) this.close();
    return this.name !== '';
  }

  // goOn shows a refusal, or leaves for the page that begin's answer names.
  async goOn(button, begin, refused) {
    button.disabled = true;
    this.#busy = true; // a sign-in that ends by what is done here is no news
    try {
      const { recovery_url: there } = await begin();
      keep(this.#memory, '');
      location.assign(there);
    } catch (err) {
      this.#busy = false;
      rest(button);
      refused(err);
    }
  }

  // why is the sentence about a problem, of those that all steps share.
  why(err) {
    if (err.kind === 'codes-blocked') return this.#words.text('waiting.step.blocked', { count: Math.max(1, Math.ceil(err.retryAfter / 60)) });
    if (err.kind === 'approval-settled') return this.#words.text('waiting.step.over');
    const keys = {
      'person-locked': 'waiting.new-phone.locked', 'not-offered': 'waiting.step.closed',
      'fresh-approval-needed': 'waiting.step.spent', 'too-many-requests': 'waiting.code.busy', unauthorized: 'waiting.step.over',
    };
    return this.#words.text(keys[err.kind] ?? 'page.offline');
  }
}

// Where nothing is kept, a reload leads back to the sign-in.
const keep = (key, name) => (name ? keepInTab(key, name) : dropFromTab(key));
