// The screen of the simulated phone: it shows what the phone fetched and sends
// back what was tapped. Keys and signatures stay with the phone, not here.

const at = (id) => document.getElementById(id)
const seen = new Set()
let shown = null
let current = { version: -1, requests: [] }
let codeEnds = 0

async function follow() {
  for (let pause = 0; ; pause = Math.min(pause * 2 || 250, 4000)) {
    try {
      const answer = await fetch(`/phone/state?version=${current.version}`)
      if (answer.ok) {
        draw(await answer.json())
        pause = 0
        continue
      }
    } catch {
      // The demonstration has ended or is starting; look again.
    }
    await new Promise((done) => setTimeout(done, pause || 250))
  }
}

function draw(view) {
  current = view
  codeEnds = Date.now() + view.code_left * 1000
  at('account').textContent = view.user
  at('code').textContent = `${view.code.slice(0, 3)} ${view.code.slice(3)}`
  at('note').textContent = view.note
  at('note').hidden = view.note === ''
  const request = view.requests[0]
  at('request').hidden = !request
  at('home').hidden = Boolean(request)
  if (request && request.id !== shown) open(request, view.requests.length)
  if (!request) shown = null
}

function open(request, count) {
  shown = request.id
  at('place').textContent = count > 1 ? `1 of ${count}, newest first` : request.title
  at('question').textContent = request.question
  at('deny').textContent = request.no
  at('facts').replaceChildren(...request.lines.map(({ Label: label, Value: value }) => {
    const row = document.createElement('div')
    const name = document.createElement('dt')
    const text = document.createElement('dd')
    name.textContent = label
    text.textContent = label === 'Time' ? new Date(value).toLocaleTimeString() : value
    row.append(name, text)
    return row
  }))
  at('number').value = ''
  at('number').maxLength = request.digits
  if (!seen.has(request.id)) {
    seen.add(request.id)
    tap('seen')
  }
}

function tap(decision, number = '') {
  return fetch('/phone/tap', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ id: shown, decision, number }),
  })
}

function tick() {
  at('clock').textContent = new Date().toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
  at('life').textContent = `new code in ${Math.max(0, Math.ceil((codeEnds - Date.now()) / 1000))} s`
  const request = current.requests[0]
  if (request) {
    const left = Math.max(0, Math.ceil((Date.parse(request.expires_at) - Date.now()) / 1000))
    at('left').textContent = `${left} s left`
  }
}

at('form').addEventListener('submit', async (event) => {
  event.preventDefault()
  const number = at('number').value.trim()
  at('number').value = ''
  await tap('approve', number)
})
at('deny').addEventListener('click', () => tap('deny'))
at('report').addEventListener('click', () => tap('report'))
setInterval(tick, 250)
tick()
follow()
