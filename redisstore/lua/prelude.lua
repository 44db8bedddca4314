-- What every step begins with. KEEP, MARK, BUDGET and PUSHES are set above this
-- text from the Go constants; times are whole microseconds.
--
-- An approval is a hash: "doc" is what only Go reads; "check" is the person and
-- what answers are compared with; "line" is all that can change; "answers" are
-- the digests of what phones said. A line is these words:
--   mark ahead expires state created next version reason method by at redeemed
--   numbers codes resends facts
-- A person is a string: "<mark> <ahead> <held> <push> <push> …;<seat>=<approval> …"

-- Lua would write a large whole number as 1.79e+15.
local function whole(n) return string.format('%.0f', n) end

-- clock returns the instant, which is Redis' own and never before mark, the
-- last instant at which something was decided about the same thing. Where
-- Redis' clock has stepped back, as a promoted replica's may, time runs on from
-- the mark, ahead of Redis'.
local function clock(mark, ahead)
  local time = redis.call('TIME')
  local now = time[1] * 1000000 + time[2]
  if now + ahead < mark + 0 then ahead = mark - now end
  return now + ahead, ahead
end

-- sibling names another key of the same slot.
local function sibling(key, rest)
  return string.sub(key, 1, string.find(key, '}', 1, true)) .. rest
end

-- load returns the approval as it stands, or nil when it is gone.
local function load(key)
  local line = redis.call('HGET', key, 'line')
  if not line then return nil end
  local a = {key = key, line = line}
  local mark, ahead
  mark, ahead, a.expires, a.state = string.match(line, '^(%d+) (%d+) (%d+) (%a+)')
  a.now, a.ahead = clock(mark, ahead)
  local expires = a.expires + 0
  if a.now >= expires + KEEP then return nil end
  a.late = a.state == 'pending' and a.now >= expires
  a.open = a.state == 'pending' and not a.late
  a.unmarked = mark + 0 < expires
  return a
end

-- words reads the rest of the line.
local function words(a)
  a.created, a.next, a.version, a.reason, a.method, a.by, a.at, a.redeemed, a.numbers, a.codes, a.resends, a.facts =
    string.match(a.line, '^%d+ %d+ %d+ %a+ (%d+) ([%w_]+) (%d+) (%S+) (%S+) (%S+) (%d+) ([01]) (%-?%d+) (%-?%d+) (%-?%d+) (%S+)$')
end

local function store(a)
  a.line = table.concat({whole(a.now), whole(a.ahead), a.expires, a.state, a.created, a.next, a.version, a.reason,
    a.method, a.by, a.at, a.redeemed, a.numbers, a.codes, a.resends, a.facts}, ' ')
  redis.call('HSET', a.key, 'line', a.line)
end

-- change raises the version, stores and announces the approval.
local function change(a)
  a.version = whole(a.version + 1)
  store(a)
  redis.call('PUBLISH', a.key, whole(a.now) .. ' ' .. a.line)
end

local function settle(a, state, reason, method, by)
  a.state, a.reason, a.method, a.by, a.at = state, reason, method, by, whole(a.now)
  change(a)
end

local function reply(code, a)
  return {code, whole(a.now) .. ' ' .. a.line, redis.call('HGET', a.key, 'doc')}
end

-- settled is the reply to what came too late. Once somebody was told that the
-- deadline has passed, it has passed for good.
local function settled(a)
  if a.late and a.unmarked then
    words(a)
    store(a)
  end
  return reply('settled', a)
end

-- check returns the person and what answers are compared with, and the ids of
-- the phones that were asked, each after a space.
local function check(a)
  return string.match(redis.call('HGET', a.key, 'check'), '^(%S+) (%S+) (%S+) (%S+) (%S+)(.*)$')
end

-- phone_at returns the place of a phone among those asked, nil for one that
-- was not, or when none may answer.
local function phone_at(a, phones, phone)
  if not string.find(a.line, ' wait ', 1, true) then return nil end
  local place = 0
  for id in string.gmatch(phones, '%S+') do
    place = place + 1
    if id == phone then return place end
  end
  return nil
end

-- person loads a person.
local function person(key)
  local p = {key = key, pushes = '', open = ''}
  local mark, ahead = 0, 0
  p.held = '0'
  local kept = redis.call('GET', key)
  if kept then mark, ahead, p.held, p.pushes, p.open = string.match(kept, '^(%d+) (%d+) (%d+)([^;]*);(.*)$') end
  p.now, p.ahead = clock(mark, ahead)
  return p
end

local function keep_person(p, ms)
  redis.call('SET', p.key, table.concat({whole(p.now), ' ', whole(p.ahead), ' ', p.held, p.pushes, ';', p.open}), 'PX', ms)
end

-- take_push counts one push to a person. A spent budget stays spent until
-- nothing was asked for a whole window; of windows of different length, the
-- longest that was asked with holds.
local function take_push(p, limit, window)
  local now, still, recent = p.now, {}, 0
  for text in string.gmatch(p.pushes, '%d+') do
    local age = now - text
    if age < BUDGET then
      still[#still + 1] = text
      if age < window then recent = recent + 1 end
    end
  end
  local free = now >= p.held + 0 and recent < limit
  if free then still[#still + 1] = whole(now) else p.held = whole(math.max(p.held, now + window)) end
  while #still > PUSHES do table.remove(still, 1) end
  p.pushes = #still > 0 and ' ' .. table.concat(still, ' ') or ''
  return free
end
