// The words of the phone page: it keeps all its catalogues for when there is no
// network, so that it fetches them as it does its other files.
import { Words } from '../page/words.mjs';

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
