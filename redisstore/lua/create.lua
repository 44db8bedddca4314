-- Creates an approval, once all that could forbid it was looked at.
-- KEYS: approval, the person's open approvals, the person's budget, clock,
--       the idempotency key where there is one.
-- ARGV: application, fingerprint, channel of the person, the most pending,
--       life in µs, 1 for code only, budget's limit, budget's window in µs,
--       how long the idempotency key is remembered in µs, then the fields to
--       store as name and value.
local approval, opened, budget, clock_key, idempotency = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local application, fingerprint, channel, most = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local life, code_only, limit, window = tonumber(ARGV[5]), ARGV[6] == '1', tonumber(ARGV[7]), tonumber(ARGV[8])
local remember = tonumber(ARGV[9])
local now, ahead = clock(clock_key)

local known = idempotency and redis.call('GET', idempotency)
if known then
  local untill, rest, print = string.match(known, '^(%d+) (%S+) (%S+)$')
  if now < tonumber(untill) then
    local first = load(sibling(approval, 'a:' .. rest), now)
    if not first or print ~= fingerprint then return {'idempotency'} end
    local out = reply('repeated', first, now)
    out[4] = rest
    return out
  end
end
if redis.call('EXISTS', approval) == 1 then return {'exists'} end

local replaced, pending, stale = nil, 0, {}
local open = redis.call('HGETALL', opened)
for i = 1, #open, 2 do
  local a = load(sibling(approval, 'a:' .. open[i + 1]), now)
  if not a or not a.open then
    stale[#stale + 1] = open[i]
  elseif open[i] == application then
    replaced = a
  else
    pending = pending + 1
  end
end
if pending >= most then return {'busy'} end

mark(clock_key, now, ahead)
if #stale > 0 then redis.call('HDEL', opened, unpack(stale)) end
if replaced then settle(replaced, now, {state = 'withdrawn', reason = 'replaced'}) end

local next = 'wait'
if code_only or not take_push(budget, now, limit, window) then next = 'code_only' end
local fields = {'created', whole(now), 'expires', whole(now + life), 'next', next}
for i = 10, #ARGV do fields[#fields + 1] = ARGV[i] end
redis.call('HSET', approval, unpack(fields))
local keep = math.ceil((life + KEEP) / 1000)
redis.call('PEXPIRE', approval, keep)

local name = string.match(approval, '}a:(.*)$')
redis.call('HSET', opened, application, name)
if redis.call('PTTL', opened) < keep then redis.call('PEXPIRE', opened, keep) end
if idempotency then
  redis.call('SET', idempotency, whole(now + remember) .. ' ' .. name .. ' ' .. fingerprint, 'PX', math.ceil(remember / 1000))
end
redis.call('PUBLISH', channel, '')
local out = {'ok', line(load(approval, now), now)}
if replaced then out[3] = string.match(replaced.key, '}a:(.*)$') end
return out
