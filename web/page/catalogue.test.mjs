// What tests of the pages read: the words that the server writes into a page.
import { readFileSync } from 'node:fs';
import { Words } from './words.mjs';

// catalogue gives the words of a page's folder, of the forms and of all pages.
export function catalogue(folder, language = 'en') {
  const read = (name) => JSON.parse(readFileSync(new URL(`../${name}/words.${language}.json`, import.meta.url), 'utf8'));
  return new Words(language, { ...read('page'), ...read('forms'), ...read(folder) });
}
