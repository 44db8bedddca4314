-- Takes one code try, before anybody looks at the code. KEYS: approval.
local a = load(KEYS[1])
if not a then return {'not_found'} end
if not a.open then return settled(a) end
words(a)
if a.codes + 0 <= 0 then return {'no_tries'} end
a.codes = whole(a.codes - 1)
change(a)
return reply('ok', a)
