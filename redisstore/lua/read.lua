-- Reads an approval. KEYS: approval, clock.
local now = clock(KEYS[2])
local a = load(KEYS[1], now)
if not a then return {'not_found'} end
return reply('ok', a, now)
