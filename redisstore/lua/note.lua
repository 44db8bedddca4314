-- Sets a fact of one phone: two characters a phone, how it was sent and
-- whether it was seen.
-- KEYS: approval. ARGV: phone, which of the two, its new character.
local a = load(KEYS[1])
if not a then return {'not_found'} end
local _, _, _, _, _, phones = check(a)
local place = phone_at(a, phones, ARGV[1])
if not place then return {'not_found'} end
if not a.open then return {'ok'} end
words(a)
local at = 2 * (place - 1) + ARGV[2]
if string.sub(a.facts, at, at) ~= ARGV[3] then
  a.facts = string.sub(a.facts, 1, at - 1) .. ARGV[3] .. string.sub(a.facts, at + 1)
  change(a)
end
return {'ok'}
