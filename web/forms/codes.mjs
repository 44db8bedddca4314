// Recovery codes on a page: shown once, to be copied, saved or printed, and left
// when the person says that they are kept. The markup is codes.html.
import { copy } from '../page/copy.mjs';

const byID = (id) => document.getElementById(id);
const unsaved = 10_000; // ms that a browser has to take a file

// recoveryCodes makes the panel work. finished is called once the person has
// kept the codes. show puts codes of user on it; they are forgotten at the end.
export function recoveryCodes(words, finished) {
  let codes = [];
  let title = '';

  function save() {
    const text = `${title}\n${words.text('forms.codes.once')}\n\n${codes.join('\n')}\n`;
    const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
    const link = document.createElement('a');
    link.href = url;
    link.download = 'countersign-recovery-codes.txt';
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), unsaved);
  }

  byID('copy-codes').addEventListener('click', () => copy(codes.join('\n'), words, byID('codes-told')));
  byID('save-codes').addEventListener('click', save);
  byID('print-codes').addEventListener('click', () => print());
  byID('kept').addEventListener('change', () => { byID('finish').disabled = !byID('kept').checked; });
  byID('finish').addEventListener('click', () => {
    show([], '');
    finished();
  });
  // They are shown only once: nobody leaves them by a slip.
  addEventListener('beforeunload', (event) => {
    if (codes.length > 0 && !byID('kept').checked) event.preventDefault();
  });

  function show(fresh, user) {
    codes = fresh;
    title = words.text('forms.codes.file', { user });
    byID('codes-of').textContent = title;
    byID('codes').replaceChildren(...codes.map(item));
    byID('kept').checked = false;
    byID('finish').disabled = true;
    byID('codes-told').textContent = '';
  }
  return { show };
}

function item(code) {
  const li = document.createElement('li');
  li.textContent = code;
  return li;
}
