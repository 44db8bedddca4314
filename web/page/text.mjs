// Words become text here, and only here: through textContent, never as markup.

// Values that a person has to find at a glance.
const strong = new Set(['number']);

// fill puts values into a sentence of a catalogue ("Enter {number} on {phone}.")
// and gives its parts: {text} for words, {text, value: true, strong} for values.
// A missing value leaves nothing behind.
export function fill(sentence, values = {}) {
  return sentence.split(/(\{[a-z]+\})/).filter(Boolean).map((piece) => {
    const name = /^\{([a-z]+)\}$/.exec(piece)?.[1];
    if (!name) return { text: piece };
    return { text: String(values[name] ?? ''), value: true, strong: strong.has(name) };
  });
}

// plain is the same sentence as one string, for titles and for reading aloud.
export function plain(parts) {
  return parts.map((part) => part.text).join('');
}

// write shows parts in an element. Each value is isolated (bdi), so that a name
// written from right to left cannot turn the sentence around it.
export function write(element, parts) {
  const key = JSON.stringify(parts);
  if (element.dataset.words === key) return;
  element.dataset.words = key;
  element.replaceChildren(...parts.map(node));
}

// rest gives the focus back to a button that was off for a moment: browsers take it
// away from one, and a keyboard would begin at the top again. Where the page has gone
// on, its focus has too.
export function rest(button) {
  button.disabled = false;
  if (document.activeElement === document.body) button.focus({ preventScroll: true });
}

function node(part) {
  if (!part.value) return document.createTextNode(part.text);
  const name = document.createElement('bdi');
  name.textContent = part.text;
  if (!part.strong) return name;
  const loud = document.createElement('strong');
  loud.append(name);
  return loud;
}

// say has a live region read out a sentence, also when it is the same again.
export function say(region, sentence) {
  region.textContent = '';
  setTimeout(() => { region.textContent = sentence; }, 50);
}
