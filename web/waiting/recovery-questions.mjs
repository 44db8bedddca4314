// The way to a new phone by answers to security questions.
import { rest } from '../page/text.mjs';

const byID = (id) => document.getElementById(id);
const least = 2; // of three have to be right

// recoverByQuestions brings the step to life; page is as for recoverByEmail. It
// gives what begins the step.
export function recoverByQuestions({ words, steps, call }) {
  const rows = [...document.querySelectorAll('#answered label')].map((label) => ({ label, answer: byID(label.htmlFor) }));

  byID('answered').addEventListener('submit', (event) => {
    event.preventDefault();
    const answers = rows.map((row) => row.answer.value);
    if (answers.filter((a) => a.trim() !== '').length < least) return refuse(words.text('waiting.step.questions.empty'));
    refuse('');
    return steps.goOn(byID('answered-send'), () => call('POST', 'recovery/questions', { answers }), (err) => {
      refuse(err.kind === 'answers-wrong' ? words.text('waiting.step.questions.wrong') : steps.why(err));
    });
  });

  for (const { answer } of rows) answer.addEventListener('input', () => refuse(''));

  function refuse(sentence) {
    byID('answered-refused').hidden = sentence === '';
    byID('answered-refused').textContent = sentence;
    if (sentence) rows[0].answer.focus();
  }

  return async function start(button) {
    button.disabled = true;
    steps.open('questions');
    refuse('');
    byID('answered-send').disabled = true;
    try {
      const { questions } = await call('GET', 'recovery/questions');
      rows.forEach((row, i) => {
        row.label.textContent = words.text(`page.question.${questions[i]}`);
        row.answer.value = '';
      });
      rest(byID('answered-send'));
    } catch (err) {
      refuse(steps.why(err));
    } finally {
      rest(button);
    }
  };
}
