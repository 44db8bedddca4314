-- Takes one code try, before anybody looks at the code. KEYS: approval, clock.
local now, ahead = clock(KEYS[2])
local a = load(KEYS[1], now)
if not a then return {'not_found'} end
mark(KEYS[2], now, ahead)
if not a.open then return reply('settled', a, now) end
if tonumber(a.codes) <= 0 then return {'no_tries'} end
change(a, now, {codes = whole(a.codes - 1)})
return reply('ok', a, now)
