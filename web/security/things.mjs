// The things that the page lists: phones, apps, browsers, sign-ins, new phones that
// are under way. What is said of each stands in view.mjs; the markup is a template
// of security.html.
import { write } from '../page/text.mjs';
import { app, browser, phone, recovery, signIn } from './view.mjs';

const byID = (id) => document.getElementById(id);

// things gives what draws each list from the protocol's. locked says whether what
// adds or removes waits for an administrator, after a report.
export function things(words, locked) {
  // act is a button of a thing that has something done to it.
  function act(kind, { id: of, name }, disabled = locked()) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'small-button';
    button.dataset.do = kind;
    button.dataset.id = of;
    button.disabled = disabled;
    button.textContent = words.text(`security.act.${kind}`);
    if (words.has(`security.act-on.${kind}`)) button.setAttribute('aria-label', words.text(`security.act-on.${kind}`, { name }));
    return button;
  }

  // list draws things anew where they have changed, and not while one of them is
  // being renamed: nothing moves under a finger.
  const list = (name, say, draw) => (given) => {
    const said = given.map((one) => say(words, one));
    const drawn = JSON.stringify([said, locked()]);
    const ul = byID(name);
    if (ul.dataset.drawn === drawn || ul.querySelector('form')) return;
    ul.dataset.drawn = drawn;
    ul.replaceChildren(...said.map(draw));
  };

  return {
    recoveries: list('recoveries', recovery, (r) => stands(thing([r.begun], r.where, [act('stop', r, false)]), r.ready, true)),
    phones: list('phones', phone, (p) => stands(thing([p.name], p.facts, [act('rename', p), act('replace', p), act('remove', p)]), p.reach, p.silent)),
    apps: list('apps', app, (a) => thing([words.text('security.apps.name')], a.facts, [act('remove', a)])),
    browsers: list('trusted', browser, (b) => thing([b.name], b.facts, [act('distrust', b, false)])),
    signIns: list('sign-ins', signIn, (s) => stands(thing(s.what, [...s.where, s.when], []), s.how, !s.good)),
  };
}

// thing is one item: its name, facts, and what can be done.
function thing(named, facts, acts) {
  const li = byID('thing').content.firstElementChild.cloneNode(true);
  write(li.querySelector('.name'), apart(named));
  write(li.querySelector('.facts'), apart(facts));
  li.querySelector('.acts').append(...acts);
  return li;
}

// apart sets texts side by side; each is isolated from the other.
const apart = (texts) => texts.flatMap((text, i) => [...(i ? [{ text: ' · ' }] : []), { text, value: true }]);

// stands says of an item how it stands.
function stands(li, text, quiet) {
  const line = li.querySelector('.state');
  line.textContent = text;
  line.toggleAttribute('data-quiet', quiet);
  line.hidden = false;
  return li;
}
