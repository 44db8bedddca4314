// The catalogues hold the same sentences, with the same values in them, and
// every one of them is used.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { Words } from '../page/words.mjs';
import { choose, languages } from './words.mjs';

const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf8');
const catalogues = Object.fromEntries(languages.map((l) => [l, JSON.parse(read(`${l}.json`))]));
const names = (sentence) => [...sentence.matchAll(/\{([a-z]+)\}/g)].map((m) => m[1]).sort().join();
const forms = (sentence) => (typeof sentence === 'object' ? Object.values(sentence) : [sentence]);

for (const language of languages) {
  const catalogue = catalogues[language];

  test(`${language} has every sentence, with the values that English has`, () => {
    assert.deepEqual(Object.keys(catalogue), Object.keys(catalogues.en));
    for (const [key, english] of Object.entries(catalogues.en)) {
      for (const form of forms(catalogue[key])) assert.equal(names(form), names(forms(english)[0]), key);
      assert.equal(typeof catalogue[key], typeof english, key);
    }
  });

  test(`${language} counts in all its forms`, () => {
    const needed = new Intl.PluralRules(language).resolvedOptions().pluralCategories.sort();
    for (const [key, sentence] of Object.entries(catalogue)) {
      if (typeof sentence === 'object') assert.deepEqual(Object.keys(sentence).sort(), needed, key);
    }
  });

  test(`${language} says what it says without markup, and in a direction`, () => {
    assert.match(catalogue.direction, /^(ltr|rtl)$/);
    for (const [key, sentence] of Object.entries(catalogue)) {
      for (const form of forms(sentence)) assert.doesNotMatch(form, /[<>]|\s$|^\s|^$/, key);
    }
  });
}

test('other languages differ from English', () => {
  for (const language of languages.slice(1)) {
    const same = Object.keys(catalogues.en).filter((k) => JSON.stringify(catalogues[language][k]) === JSON.stringify(catalogues.en[k]));
    assert.deepEqual(same.filter((k) => k !== 'direction'), [], language);
  }
});

// Where a key is put together, its beginning stands in the script up to ${.
test('every sentence is asked for somewhere, and none that there is not', () => {
  const here = new URL('../phone/', import.meta.url);
  const sources = readdirSync(here, { recursive: true }).filter((f) => /(?<!\.test)\.(mjs|html|js)$/.test(f)).map((f) => readFileSync(new URL(f, here), 'utf8'));
  const all = [...sources, read('../page/words.mjs')].join('\n');
  const quoted = new Set([...all.matchAll(/['"`]([a-zA-Z]+(?:[.-][a-zA-Z-]+)*)['"`]/g)].map((m) => m[1]));
  const begun = [...all.matchAll(/`([a-z]+\.)\$\{/g)].map((m) => m[1]);
  const also = ['direction', 'welcome.headline', 'welcome.line', 'welcome.again.headline', 'welcome.again.line'];
  for (const key of Object.keys(catalogues.en)) {
    assert.ok(also.includes(key) || quoted.has(key) || begun.some((b) => key.startsWith(b)), `${key} is used nowhere`);
  }
  for (const [, key] of all.matchAll(/data-words="([^"]+)"/g)) assert.ok(key in catalogues.en, `${key} is not in the catalogue`);
  for (const key of quoted) {
    const section = key.split('.')[0];
    if (key.includes('.') && !/\.(mjs|json|js|html)$/.test(key) && Object.keys(catalogues.en).some((k) => k.startsWith(`${section}.`))) {
      assert.ok(key in catalogues.en || key === 'countersign.pair', `${key} is not in the catalogue`);
    }
  }
});

test('a person gets the first of their languages that there is, or English', () => {
  assert.equal(choose(['pt-BR', 'de-AT', 'en']), 'de');
  assert.equal(choose(['FR']), 'fr');
  assert.equal(choose(['ja', 'mi']), 'en');
  assert.equal(choose([]), 'en');
  assert.equal(choose(undefined), 'en');
});

test('a sentence counts by the rules of its language', () => {
  const arabic = new Words('ar', { direction: 'rtl', 'request.seconds': { zero: 'z', one: 'one', two: 'two', few: '{count} few', many: '{count} many', other: '{count} other' } });
  assert.equal(arabic.direction, 'rtl');
  assert.deepEqual([0, 1, 2, 3, 11, 100].map((count) => arabic.text('request.seconds', { count }).replace(/^\S+ /, '')), ['z', 'one', 'two', 'few', 'many', 'other']);
  const german = new Words('de', catalogues.de);
  assert.equal(german.text('request.seconds', { count: 1 }), 'noch 1 Sekunde');
  assert.equal(german.text('request.seconds', { count: 30 }), 'noch 30 Sekunden');
});

test('a value stays apart from the sentence around it, so that it cannot turn it', () => {
  const parts = new Words('en', catalogues.en).parts('request.as', { user: 'أحمد' });
  assert.deepEqual(parts.map(({ text, value }) => [text, Boolean(value)]), [['as ', false], ['أحمد', true]]);
});

test('how long ago is said in the language, and up to an hour', () => {
  const words = new Words('fr', catalogues.fr);
  const now = Date.UTC(2026, 10, 1, 12);
  assert.equal(words.ago(now - 20_000, now), 'à l’instant');
  assert.equal(words.ago(now - 5 * 60_000, now), 'il y a 5 minutes');
  assert.match(words.ago(now - 26 * 3600_000, now), /31 oct/);
  assert.equal(words.ago(now + 9000, now), 'à l’instant'); // two clocks
  assert.equal(words.ago(Date.parse('no time'), now), '');
});
