-- Takes one resend and one push.
-- KEYS: approval, clock. ARGV: budget's limit, budget's window in µs.
local now, ahead = clock(KEYS[2])
local a = load(KEYS[1], now)
if not a then return {'not_found'} end
mark(KEYS[2], now, ahead)
if not a.open then return reply('settled', a, now) end
if tonumber(a.resends) <= 0 or a.next ~= 'wait' then return {'held'} end
local budget = sibling(a.key, 'b:' .. redis.call('HGET', a.key, 'person'))
if not take_push(budget, now, tonumber(ARGV[1]), tonumber(ARGV[2])) then return {'held'} end
change(a, now, {resends = whole(a.resends - 1)})
return reply('ok', a, now)
