// Three security questions of a person's choice, and their answers. The markup is
// questions.html.
import { rest } from '../page/text.mjs';
import { wrong } from './answers.mjs';

const byID = (id) => document.getElementById(id);

// questionForm brings the form to life. send(given) takes what was answered, or
// throws a Problem, for which more may name sentences by their kind.
export function questionForm(words, { send, more = {} }) {
  const rows = [...document.querySelectorAll('#questions-form fieldset')].map((row) => ({
    question: row.querySelector('select'), answer: row.querySelector('input'), label: row.querySelector('label:not(.aloud)'),
  }));

  for (const { question, answer } of rows) {
    for (const option of [...question.options].slice(1)) {
      option.value = option.text; // the template knows their ids alone
      option.text = words.text(`page.question.${option.value}`);
    }
    question.addEventListener('change', () => { refuse(null); offer(); });
    answer.addEventListener('input', () => refuse(null));
  }

  // offer asks what is chosen, in full, and leaves it out of the other lists.
  function offer() {
    const chosen = rows.map((row) => row.question.value);
    for (const { question, label } of rows) {
      label.textContent = words.text(question.value ? `page.question.${question.value}` : 'forms.questions.answer');
      for (const option of question.options) {
        option.hidden = option.value !== '' && option.value !== question.value && chosen.includes(option.value);
        option.disabled = option.hidden;
      }
    }
  }

  byID('questions-form').addEventListener('submit', async (event) => {
    event.preventDefault();
    const given = rows.map((row) => ({ question: row.question.value, answer: row.answer.value }));
    const why = wrong(given);
    refuse(why);
    if (why) return;
    byID('questions-send').disabled = true;
    try {
      await send(given);
      for (const row of rows) row.answer.value = '';
    } catch (err) {
      const keys = { 'invalid-request': 'forms.questions.guessable', ...more };
      refuse({ key: keys[err.kind] ?? 'page.offline', at: 0, part: 'answer' });
    } finally {
      rest(byID('questions-send'));
    }
  });

  // refuse says what is wrong and leads to it: {key, at, part}, or null.
  function refuse(why) {
    byID('questions-refused').hidden = !why;
    byID('questions-refused').textContent = why ? words.text(why.key) : '';
    rows.forEach((row, i) => {
      for (const part of ['question', 'answer']) row[part].setAttribute('aria-invalid', String(why?.at === i && why.part === part));
    });
    if (why) rows[why.at][why.part].focus();
  }
}
