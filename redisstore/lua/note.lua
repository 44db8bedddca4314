-- Sets a fact of one phone: two characters a phone, how it was sent and
-- whether it was seen.
-- KEYS: approval, clock. ARGV: phone, which of the two, its new character.
local now, ahead = clock(KEYS[2])
local a = load(KEYS[1], now)
if not a then return {'not_found'} end
local place = phone_at(a, ARGV[1])
if not place then return {'not_found'} end
local at = 2 * (place - 1) + tonumber(ARGV[2])
if not a.open or string.sub(a.facts, at, at) == ARGV[3] then return {'ok'} end
mark(KEYS[2], now, ahead)
change(a, now, {facts = string.sub(a.facts, 1, at - 1) .. ARGV[3] .. string.sub(a.facts, at + 1)})
return {'ok'}
