-- Moves the deadline of a pending approval, if it is still where it was.
-- KEYS: approval. ARGV: life that it has and life that it gets, in µs.
local a = load(KEYS[1])
if not a then return {'not_found'} end
if not a.open then return settled(a) end
words(a)
if a.expires - a.created ~= tonumber(ARGV[1]) then return {'held'} end
a.expires = whole(a.created + tonumber(ARGV[2]))
change(a)
redis.call('PEXPIRE', a.key, math.ceil((a.expires - a.now + KEEP) / 1000))
return reply('ok', a)
