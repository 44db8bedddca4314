// "It wasn't me": refuse, or report as well. Nothing is sent before one of the
// two is tapped, since an answer counts once.
export default function report(app) {
  const buttons = ['report-report', 'report-deny', 'report-back'].map(app.byID);
  const answer = (decision) => async () => app.complain('report-wrong', await app.requests.answer(decision));
  buttons[0].addEventListener('click', answer('report'));
  buttons[1].addEventListener('click', answer('deny'));
  buttons[2].addEventListener('click', app.back);
  return {
    show({ busy }) { for (const button of buttons) button.disabled = Boolean(busy); },
    focus() { app.complain('report-wrong', ''); },
    tick({ requests }) { if (requests[0].countdown.seconds(performance.now()) === 0) app.requests.timeUp(requests[0]); },
  };
}
