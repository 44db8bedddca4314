-- Settles by anything but a phone.
-- KEYS: approval. ARGV: state, reason, method, 1 for one that frees no pushes.
local a = load(KEYS[1])
if not a then return {'not_found'} end
if not a.open then return settled(a) end
words(a)
settle(a, ARGV[1], ARGV[2], ARGV[3], '-')
if ARGV[1] == 'approved' and ARGV[4] ~= '1' and (ARGV[3] == 'totp' or ARGV[3] == 'recovery_code') then
  local p = person(sibling(a.key, 'p:' .. check(a)))
  p.held, p.pushes = '0', ''
  keep_person(p, MARK)
end
return reply('ok', a)
