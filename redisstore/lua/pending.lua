-- Reads what one phone is asked now: the rest of the id, a line and a doc for
-- each. KEYS: person. ARGV: phone.
local out = {'ok'}
for rest in string.gmatch(person(KEYS[1]).open, '=(%S+) ') do
  local a = load(sibling(KEYS[1], 'a:' .. rest))
  if a and a.open then
    local _, _, _, _, _, phones = check(a)
    if phone_at(a, phones, ARGV[1]) then
      out[#out + 1] = rest
      out[#out + 1] = whole(a.now) .. ' ' .. a.line
      out[#out + 1] = redis.call('HGET', a.key, 'doc')
    end
  end
end
return out
