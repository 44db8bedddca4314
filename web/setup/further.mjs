// What may follow once a phone or an app is set up. Pure.

// steps are the places of each, first the one at which it begins.
const steps = { email: ['email', 'emailCode'], questions: ['questions'] };

// further gives the place that comes next: what is offered, not there yet and not
// passed over, or "done". passed holds the names of steps.
export function further(state, passed) {
  if (state?.email_offered && !state.email && !passed.has('email')) return 'email';
  if (state?.questions_offered && !state.questions_set && !passed.has('questions')) return 'questions';
  return 'done';
}

// stepOf names the step that a place belongs to, or gives undefined.
export const stepOf = (place) => Object.keys(steps).find((name) => steps[name].includes(place));
