-- Settles by anything but a phone.
-- KEYS: approval, clock. ARGV: state, reason, method.
local now, ahead = clock(KEYS[2])
local a = load(KEYS[1], now)
if not a then return {'not_found'} end
mark(KEYS[2], now, ahead)
if not a.open then return reply('settled', a, now) end
settle(a, now, {state = ARGV[1], reason = ARGV[2], method = ARGV[3]})
if ARGV[1] == 'approved' then
  redis.call('DEL', sibling(a.key, 'b:' .. redis.call('HGET', a.key, 'person')))
end
return reply('ok', a, now)
