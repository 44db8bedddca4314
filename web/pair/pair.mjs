// The place a pairing link leads to in a browser. The ticket in its fragment is
// for the phone; this page only helps to hand it over and never spends it.
import { take } from '../page/secret.mjs';
import { say } from '../page/text.mjs';

const words = {
  copied: 'Copied.',
  notCopied: 'Your browser didn’t allow copying. Go back, and copy the link itself.',
};

const byID = (id) => document.getElementById(id);
const ticket = take('countersign.pair');
const link = `${location.origin}${location.pathname}#${ticket}`;
const command = `go run ./mobile-stub pair '${link}'`;

byID('with-link').hidden = !ticket;
byID('without-link').hidden = Boolean(ticket);
if (byID('command') && ticket) byID('command').textContent = command;

byID('copy').addEventListener('click', () => copy(link));
byID('copy-command')?.addEventListener('click', () => copy(command));
addEventListener('hashchange', () => location.reload()); // another link, opened in the same tab

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    say(byID('told'), words.copied);
  } catch {
    say(byID('told'), words.notCopied);
  }
}
