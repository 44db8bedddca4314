// Every word of the waiting screen that changes. {number} is shown loud.
export const words = {
  waiting: {
    loading: { headline: 'One moment', line: 'Asking the server how your sign-in stands.' },
    asking: { headline: 'Check your phone', line: 'Enter {number} on {phone} to sign in to {application}.' },
    askingPlain: { headline: 'Check your phone', line: 'Approve on {phone} to sign in to {application}.' },
    opened: { headline: 'Check your phone', line: 'Opened on {phone}. Enter {number} there.' },
    openedPlain: { headline: 'Check your phone', line: 'Opened on {phone}. Approve it there.' },
    openIt: { headline: 'Open Countersign on your phone', line: 'Open Countersign on {phone} and enter {number} there.' },
    openItPlain: { headline: 'Open Countersign on your phone', line: 'Open Countersign on {phone} and approve there.' },
    slow: { headline: 'Still waiting', line: 'No sign of it? Open Countersign on your phone, or resend.' },
    slowNoResend: { headline: 'Still waiting', line: 'No sign of it? Open Countersign on your phone, or use a code.' },
    someUnreachable: { headline: 'Check your phone', line: 'We couldn’t reach “{lost}”. {phone} was asked: enter {number} there.' },
    someUnreachablePlain: { headline: 'Check your phone', line: 'We couldn’t reach “{lost}”. {phone} was asked.' },
    noneReachable: { headline: 'Type a code instead', line: 'Your phones can’t be reached right now.' },
    codeOnly: { headline: 'Type a code', line: 'You have no phone that could be asked. Type a code to sign in to {application}.' },
    pushLocked: { headline: 'Type a code', line: 'A request was reported as not you, so your phones aren’t asked until your administrator has looked. Type a code to sign in to {application}.' },
    byPolicy: { headline: 'Type a code', line: '{application} asks for a code. Type one to sign in.' },
    heldBack: { headline: 'Type a code', line: 'We’ve sent many requests, so we’ve stopped for a while to protect you.' },
    wrongNumber: { headline: 'That number didn’t match', line: 'Look again: it is {number}. {tries}' },
  },

  // Where the application takes nothing but a phone, and none can be asked.
  phoneOnly: {
    codeOnly: { headline: 'You need a phone for this', line: '{application} takes nothing but an approval on a phone, and you have none set up. Your administrator can help you in.' },
    heldBack: { headline: 'Your phones aren’t asked now', line: 'We’ve sent many requests, so we’ve stopped for a while to protect you. Wait some minutes, then sign in to {application} again.' },
    pushLocked: { headline: 'Your phones aren’t asked now', line: 'A request was reported as not you. Your administrator has to look before your phones are asked again.' },
    noneReachable: { headline: 'Open your phone', line: 'Your phones couldn’t be woken. Open Countersign on one of them: the request is waiting there.' },
  },

  settled: {
    approved: { headline: 'You’re in', line: 'Taking you back to {application}.' },
    approvedHere: { headline: 'You’re in', line: 'You can go back to {application} now.' },
    denied: { headline: 'Sign-in refused', line: 'Someone said no on {phone}. If that was a slip, try again.' },
    deniedSomewhere: { headline: 'Sign-in refused', line: 'Someone said no. If that was a slip, try again.' },
    reported: { headline: 'Sign-in blocked', line: 'It was reported as not you. Your administrator has been told.' },
    mismatch: { headline: 'Sign-in stopped', line: 'The number was wrong{times}.' },
    tooManyCodes: { headline: 'Sign-in stopped', line: 'Too many wrong codes were typed. Nothing was approved.' },
    expired: { headline: 'That took too long', line: 'Nothing was approved.' },
    cancelled: { headline: 'Sign-in cancelled', line: 'Nothing was approved. You can start again whenever you like.' },
    ended: { headline: 'Sign-in ended', line: '{application} ended this sign-in. Nothing was approved.' },
    replaced: { headline: 'You started again elsewhere', line: 'This request was replaced by a newer one.' },
    lost: { headline: 'This sign-in is over', line: 'Nothing was approved. Go back to where you were signing in, and start again.' },
    nowhere: { headline: 'Start where you sign in', line: 'This page opens by itself while you sign in to something. Go there and sign in; you will come back here.' },
  },

  // The way on from a settled state.
  onward: { back: 'Back', again: 'Try again', here: 'Start here instead', code: 'Use a code' },
  // Shown while the sign-in is open; it counts once it is approved.
  trust: { one: 'Trust this browser for a day', other: 'Trust this browser for {count} days' },
  // Approved by a code, by somebody who has said that their phone is not there.
  newPhone: { headline: 'You’re in', line: 'Set up your new phone now, while you are here? {application} waits.' },
  newPhoneSpent: 'This sign-in can’t add a phone any more. Sign in with a code once more.',
  newPhoneLocked: 'A sign-in was reported as not you. Your administrator has to look before a phone can be added.',
  newPhoneOffline: 'That didn’t get through. Try once more.',
  goOn: 'Continue to {application}',
  noWayBack: 'Close this page and sign in to {application} again.',

  // Beside the code field, when a phone that could not be woken may still be used.
  openPhone: 'Phone at hand? Open Countersign on it and enter {number}: the request is waiting there.',
  openPhonePlain: 'Phone at hand? Open Countersign on it: the request is waiting there.',
  times: { 2: ' twice', 3: ' three times' },

  somewhere: 'one of your phones',
  someApplication: 'your application',
  signingIn: 'Signing in to {application} as {user}',
  triesLeft: { one: 'One try left.', other: '{count} tries left.' },

  secondsLeft: { one: 'second left', other: 'seconds left' },
  aloud: { 30: '30 seconds left', 10: '10 seconds left', 0: 'Time is up' },

  code: {
    app: { label: 'Code', hint: 'Six digits from your authenticator app, or from Countersign on your phone.', other: 'Use a recovery code' },
    recovery: { label: 'Recovery code', hint: 'One of the ten you kept when you set up. Each works once.', other: 'Use a code from an app' },
    noPhone: [
      'New phone, and the old one still works? Open Countersign on the old one: its settings add the new one.',
      'Phone lost or broken? Type a code from your authenticator app, or one of your recovery codes. You can then set up a new phone right here.',
      'None of these? Your help desk can give you a link that works once.',
    ],
    phoneOnly: '{application} takes nothing but an approval on a phone. Your administrator can help you in.',
    kindRefused: '{application} doesn’t take that kind of code. {tries}',
    empty: 'Type the code first.',
    shape: 'A code from an app has six digits; a recovery code has sixteen letters and digits.',
    wrong: 'That code didn’t match. Take the newest one from your app. {tries}',
    wrongRecovery: 'That recovery code didn’t match. Look for one that you haven’t used. {tries}',
    used: 'That code has been used. Wait for the next one. {tries}',
    usedRecovery: 'That recovery code has been used. Take another one. {tries}',
    blocked: { headline: 'Too many wrong codes', phone: 'You can try again in {time}, or approve on your phone.', alone: 'You can try again in {time}.' },
    offline: 'That didn’t get through. Your code is still here; try once more.',
    busy: 'Too many tries at once. Wait a moment, then try once more.',
  },
  minutes: { one: 'one minute', other: '{count} minutes' },

  resend: {
    sent: 'Sent again.',
    heldBack: 'We’ve sent many requests, so we’ve stopped for a while to protect you. The last one still counts, or use a code.',
    failed: 'That didn’t get through. Try once more.',
  },
  extend: { done: 'You have more time now.', failed: 'That didn’t get through. Try once more.' },
  disownFailed: 'That didn’t get through. Try once more, and approve nothing on your phone.',
  cancelFailed: 'That didn’t get through. Try once more, or leave this page: the request ends by itself.',
};
