-- Reads what one phone is asked now: a line and a doc for each.
-- KEYS: the person's open approvals, clock. ARGV: phone.
local now = clock(KEYS[2])
local out = {'ok'}
for _, name in ipairs(redis.call('HVALS', KEYS[1])) do
  local a = load(sibling(KEYS[1], 'a:' .. name), now)
  if a and a.open and phone_at(a, ARGV[1]) then
    out[#out + 1] = name
    out[#out + 1] = line(a, now)
    out[#out + 1] = redis.call('HGET', a.key, 'doc')
  end
end
return out
