// The words of a page: one catalogue a language, of sentences by key. A sentence
// that counts has one form for each that the language has (Intl.PluralRules). No
// sentence is put together from pieces.
import { fill, plain } from './text.mjs';

// wordsOfPage are those that the server wrote into this page, in its language.
export function wordsOfPage() {
  return new Words(document.documentElement.lang, JSON.parse(document.getElementById('words').textContent));
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

  // oneOf lists names as alternatives: "Ana's iPhone or Old Pixel".
  oneOf(names) { return new Intl.ListFormat(this.language, { type: 'disjunction' }).format(names); }

  // allOf lists them all: "Ana's iPhone and Old Pixel".
  allOf(names) { return new Intl.ListFormat(this.language).format(names); }

  // day of an instant: "24 Nov 2026".
  day(at) {
    return new Intl.DateTimeFormat(this.language, { day: 'numeric', month: 'short', year: 'numeric' }).format(at);
  }

  // time of an instant: "14:05".
  time(at) { return new Intl.DateTimeFormat(this.language, { hour: 'numeric', minute: '2-digit' }).format(at); }

  // day and time of an instant: "24 Nov, 14:05".
  moment(at) {
    return new Intl.DateTimeFormat(this.language, { day: 'numeric', month: 'short', hour: 'numeric', minute: '2-digit' }).format(at);
  }

  // date is the day of an instant in full, and its time: "Tuesday 24 November at 14:05".
  date(at) {
    return new Intl.DateTimeFormat(this.language, { weekday: 'long', day: 'numeric', month: 'long', hour: 'numeric', minute: '2-digit' }).format(at);
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
