// Copying for the person, and saying in a live region whether it was done: some
// browsers and frames don't allow it.
import { say } from './text.mjs';

export async function copy(text, words, region) {
  try {
    await navigator.clipboard.writeText(text);
    say(region, words.text('page.copied'));
  } catch {
    say(region, words.text('page.not-copied'));
  }
}
