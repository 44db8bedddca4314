-- Creates an approval, once all that could forbid it was looked at.
-- KEYS: approval, person, the idempotency key where there is one.
-- ARGV: seat, fingerprint, channel of the person, the most pending,
--       life in µs, 1 for code only, budget's limit, budget's window in µs,
--       how long the idempotency key is remembered in µs, doc, check, tries of
--       each kind and facts of the phones.
local key, seat, life = KEYS[1], ARGV[1], tonumber(ARGV[5])
local p = person(KEYS[2])
local now = p.now

local known = KEYS[3] and redis.call('GET', KEYS[3])
if known then
  local until_, rest, print = string.match(known, '^(%d+) (%S+) (%S+)$')
  if now < tonumber(until_) then
    local first = load(sibling(key, 'a:' .. rest))
    if not first or print ~= ARGV[2] then return {'idempotency'} end
    local out = reply('repeated', first)
    out[4] = rest
    return out
  end
end
if redis.call('EXISTS', key) == 1 then return {'exists'} end

-- Of the person's open approvals, those that are no more drop out here.
local replaced, pending, still = nil, 0, {}
for taken, rest in string.gmatch(p.open, '(%S+)=(%S+) ') do
  local a = load(sibling(key, 'a:' .. rest))
  if a and a.open then
    if taken == seat then
      replaced, a.rest = a, rest
    else
      pending = pending + 1
      still[pending] = taken .. '=' .. rest .. ' '
    end
  end
end
if pending >= tonumber(ARGV[4]) then return {'busy'} end

if replaced then
  words(replaced)
  settle(replaced, 'withdrawn', 'replaced', '-', '-')
end
local next = 'wait'
if ARGV[6] == '1' or (ARGV[8] ~= '0' and not take_push(p, tonumber(ARGV[7]), tonumber(ARGV[8]))) then next = 'code_only' end

local at, ahead, rest = whole(now), whole(p.ahead), string.match(key, '}a:(.*)$')
local line = table.concat({at, ahead, whole(now + life), 'pending', at, next, '1 - - - 0 0', ARGV[12]}, ' ')
redis.call('HSET', key, 'doc', ARGV[10], 'check', ARGV[11], 'line', line)
local keep = math.ceil((life + KEEP) / 1000)
redis.call('PEXPIRE', key, keep)
p.open = table.concat(still) .. seat .. '=' .. rest .. ' '
keep_person(p, math.max(MARK, keep))
if KEYS[3] then
  local remember = tonumber(ARGV[9])
  redis.call('SET', KEYS[3], whole(now + remember) .. ' ' .. rest .. ' ' .. ARGV[2], 'PX', math.ceil(remember / 1000))
end
redis.call('PUBLISH', ARGV[3], '')
return {'ok', at .. ' ' .. line, replaced and replaced.rest}
