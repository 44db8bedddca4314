// The words of the phone: one catalogue a language, each a JSON file of
// sentences by key. A sentence that counts has one form for each that the
// language has (Intl.PluralRules). No sentence is put together from pieces.
import { fill, plain } from '../page/text.mjs';

// The languages there are, the first for everybody else.
export const languages = ['en', 'de', 'fr'];

// choose gives the first of a person's languages that there is a catalogue for.
export function choose(preferred = [], known = languages) {
  const wanted = preferred.map((tag) => String(tag).toLowerCase().split('-')[0]);
  return wanted.find((language) => known.includes(language)) ?? known[0];
}

// load fetches the catalogue that suits a person.
export async function load(preferred) {
  const language = choose(preferred);
  const response = await fetch(new URL(`./${language}.json`, import.meta.url));
  return new Words(language, await response.json());
}

// Words speaks one language. direction is "ltr" or "rtl".
export class Words {
  #sentences;

  constructor(language, sentences) {
    this.language = language;
    this.direction = sentences.direction;
    this.#sentences = sentences;
  }

  // parts of a sentence, for write(); values.count chooses its form.
  parts(key, values = {}) {
    let sentence = this.#sentences[key] ?? '';
    if (typeof sentence === 'object') {
      sentence = sentence[new Intl.PluralRules(this.language).select(values.count)] ?? sentence.other;
    }
    const count = typeof values.count === 'number' ? { count: new Intl.NumberFormat(this.language).format(values.count) } : {};
    return fill(sentence, { ...values, ...count });
  }

  text(key, values) { return plain(this.parts(key, values)); }

  has(key) { return key in this.#sentences; }

  // day and time of an instant: "24 Nov, 14:05".
  moment(at) {
    return new Intl.DateTimeFormat(this.language, { day: 'numeric', month: 'short', hour: 'numeric', minute: '2-digit' }).format(at);
  }

  // ago says how long before now something was, up to an hour; then moment.
  // Of a time that is none it says nothing.
  ago(at, now) {
    if (!Number.isFinite(at)) return '';
    const minutes = Math.floor((now - at) / 60_000);
    if (!(minutes < 60)) return this.moment(at);
    if (minutes < 1) return this.text('just-now');
    return new Intl.RelativeTimeFormat(this.language, { numeric: 'auto' }).format(-minutes, 'minute');
  }
}
