-- Takes one resend and one push.
-- KEYS: approval. ARGV: budget's limit, budget's window in µs.
local a = load(KEYS[1])
if not a then return {'not_found'} end
if not a.open then return settled(a) end
words(a)
if a.resends + 0 <= 0 or a.next ~= 'wait' then return {'held'} end
local p = person(sibling(a.key, 'p:' .. check(a)))
local free = take_push(p, tonumber(ARGV[1]), tonumber(ARGV[2]))
keep_person(p, MARK)
if not free then return {'held'} end
a.resends = whole(a.resends - 1)
change(a)
return reply('ok', a)
