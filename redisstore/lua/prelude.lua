-- What every step begins with. KEEP, MARK and BUDGET are set above this text
-- from the Go constants; times are whole microseconds.

local FIELDS = {'created', 'expires', 'next', 'version', 'state', 'reason', 'method', 'by', 'at',
  'redeemed', 'numbers', 'codes', 'resends', 'facts'}

-- Lua would write a large whole number as 1.79e+15.
local function whole(n) return string.format('%.0f', n) end

-- clock returns the slot's instant: Redis' own, and never before an instant at
-- which something was decided here. Where Redis' clock has stepped back, as a
-- promoted replica's may, the slot runs on from its mark, ahead of it.
local function clock(key)
  local time = redis.call('TIME')
  local now, ahead, mark = time[1] * 1000000 + time[2], 0, 0
  local kept = redis.call('GET', key)
  if kept then
    local m, a = string.match(kept, '^(%d+) (%d+)$')
    mark, ahead = tonumber(m), tonumber(a)
  end
  if now + ahead < mark then ahead = mark - now end
  return now + ahead, ahead
end

local function mark(key, now, ahead)
  redis.call('SET', key, whole(now) .. ' ' .. whole(ahead), 'PX', MARK)
end

-- sibling names another key of the same slot.
local function sibling(key, rest)
  return string.match(key, '^{p:[^}]*}') .. rest
end

-- load returns the approval as it stands, or nil when it is gone.
local function load(key, now)
  local got = redis.call('HMGET', key, unpack(FIELDS))
  if not got[1] or now >= got[2] + KEEP then return nil end
  local a = {key = key}
  for i, name in ipairs(FIELDS) do a[name] = got[i] end
  a.open = a.state == 'pending' and now < tonumber(a.expires)
  return a
end

-- line is an approval's mutable part, as replies and announcements carry it.
local function line(a, now)
  local out = {whole(now)}
  for i, name in ipairs(FIELDS) do out[i + 1] = a[name] end
  return table.concat(out, ' ')
end

-- change sets fields, raises the version and announces the approval.
local function change(a, now, set)
  set.version = whole(a.version + 1)
  local args = {}
  for name, value in pairs(set) do
    a[name] = value
    args[#args + 1] = name
    args[#args + 1] = value
  end
  redis.call('HSET', a.key, unpack(args))
  redis.call('PUBLISH', a.key, line(a, now))
end

local function settle(a, now, set)
  a.open = false
  set.at = set.at or whole(now)
  change(a, now, set)
end

local function reply(code, a, now)
  return {code, line(a, now), redis.call('HGET', a.key, 'doc')}
end

-- phone_at returns the place of a phone among those asked, nil for one that
-- was not, or when none may answer.
local function phone_at(a, phone)
  if a.next ~= 'wait' then return nil end
  local place = 0
  for id in string.gmatch(redis.call('HGET', a.key, 'phones'), '%S+') do
    place = place + 1
    if id == phone then return place end
  end
  return nil
end

-- take_push counts one push to a person. A spent budget stays spent until
-- nothing was asked for a whole window; the longest of the windows asked with
-- holds. The key is "<held until> <push> <push> …", oldest first.
local function take_push(key, now, limit, window)
  local kept, held, pushes, recent = redis.call('GET', key) or '0', nil, {}, 0
  for text in string.gmatch(kept, '%d+') do
    local at = tonumber(text)
    if not held then
      held = at
    elseif now - at < BUDGET then
      pushes[#pushes + 1] = text
      if now - at < window then recent = recent + 1 end
    end
  end
  local free = now >= held and recent < limit
  if free then pushes[#pushes + 1] = whole(now) else held = math.max(held, now + window) end
  while #pushes > 128 do table.remove(pushes, 1) end
  redis.call('SET', key, whole(held) .. ' ' .. table.concat(pushes, ' '), 'PX', BUDGET / 1000)
  return free
end
