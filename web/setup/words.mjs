// Every word of the set-up page that changes.
export const words = {
  loading: { headline: 'One moment', line: 'Asking the server for your set-up.' },
  open: { headline: 'Add your phone', line: 'Point your phone’s camera at this code, and open the link it finds.' },
  claimed: { headline: 'Same on your phone?', line: '{phone} wants to be added for {user}. Both screens must show these six digits.' },
  active: { headline: '{phone} is ready', line: 'From now on it is asked when you sign in. One thing more: codes for the day you don’t have it.' },
  added: { headline: 'Your app is ready', line: 'Its codes let you in from now on. One thing more: codes for the day you don’t have it.' },
  app: { headline: 'Add an authenticator app', line: 'Scan this with the app, or type the key. Then enter the six digits that the app shows.' },
  codes: { headline: 'Your recovery codes', line: 'Each lets you in once when your phone isn’t there. They are shown only now; older ones no longer work.' },
  done: { headline: 'You’re set up', line: 'Go back to where you were signing in, and sign in again.' },
  refused: { headline: 'That phone was not added', line: 'The link is void. If the digits were different, someone else may have used it. Sign in again to get a new link, and show it to nobody.' },
  expired: { headline: 'This link has run out', line: 'A link lasts ten minutes, so that nobody can use an old one. Sign in again to get a new one.' },
  lost: { headline: 'This link doesn’t work', line: 'It may have been cut short or replaced by a newer one. Sign in again to get a new one.' },
  nowhere: { headline: 'Start where you sign in', line: 'This page opens from your application when there is something to set up. Go there and sign in.' },

  trial: {
    asking: 'Enter this number on {phone}, and approve.',
    approved: 'It works: {phone} answered.',
    denied: 'It works: {phone} said no, and that counts.',
    over: 'No answer came. Open Countersign on {phone}, then try once more.',
    held: 'Enough for now. It will be asked when you sign in.',
  },

  somePhone: 'Your phone',
  platforms: { ios: 'iPhone', android: 'Android', web: 'Phone page', other: 'Phone' },
  digitsAloud: 'Six digits: {digits}',

  copied: 'Copied.',
  notCopied: 'Your browser didn’t allow copying. Mark and copy it by hand.',
  offline: 'That didn’t get through. Try once more.',
  settled: 'This set-up has ended meanwhile.',
  confirm: {
    empty: 'Type the six digits that your app shows.',
    wrong: 'That code didn’t match. Wait for the next one in your app, then type it.',
    blocked: 'Too many wrong codes. Wait a few minutes, then try again.',
  },
  codesShown: 'Your recovery codes were shown already. If you didn’t keep them, ask your administrator for new ones.',
  file: { name: 'countersign-recovery-codes.txt', title: 'Countersign recovery codes for {user}', line: 'Each works once.' },
};
