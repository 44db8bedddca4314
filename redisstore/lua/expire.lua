-- Notes that the deadline has passed. KEYS: approval, clock.
local now, ahead = clock(KEYS[2])
local a = load(KEYS[1], now)
if not a then return {'not_found'} end
mark(KEYS[2], now, ahead)
if a.state ~= 'pending' or a.open then return reply('ok', a, now) end
settle(a, now, {state = 'expired', at = a.expires})
return reply('done', a, now)
