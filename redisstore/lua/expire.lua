-- Notes that the deadline has passed. KEYS: approval.
local a = load(KEYS[1])
if not a then return {'not_found'} end
if not a.late then return reply('ok', a) end
words(a)
a.state, a.at = 'expired', a.expires
change(a)
return reply('done', a)
