// Every word of the way to a new phone that changes.
export const words = {
  loading: { headline: 'One moment', line: 'Asking the server how it stands.' },
  waiting: { headline: 'Your new phone can be added {when}', line: 'You signed in with a recovery code, so there is a wait: time for you to notice if somebody else had it. You can go on signing in with your codes.' },
  ready: { headline: 'Add your new phone', line: 'Have it at hand, with its camera. You’ll add it as {user}.' },
  refused: { headline: 'This was stopped', line: 'Someone said on {phone} that the new phone is not yours. No phone was added. If it was you, your help desk can give you a link.' },
  done: { headline: 'Your new phone is added', line: 'Sign in with it from now on.' },
  expired: { headline: 'This took too long', line: 'No phone was added. Sign in with a code again, and say that you don’t have your phone.' },
  lost: { headline: 'This page knows no new phone', line: 'No phone was added. Sign in with a code again, and say that you don’t have your phone.' },
  nowhere: { headline: 'Start where you sign in', line: 'Sign in with a code and say that you don’t have your phone; you will come here.' },

  somePhone: 'one of your phones',
  told: { none: '', one: 'Your phone {phone} was told, and can stop it.', other: 'Your phones were told, and can stop it: {phone}.' },
  sooner: 'Still have one of your phones? Open Countersign on it and enter {number}: then there is no wait.',
  later: 'Still have one of your phones? Open Countersign on it and look at the request; then come back to this page.',
  offline: 'That didn’t get through. Try once more.',
  copied: 'Copied.',
  notCopied: 'Your browser didn’t allow copying.',
};
