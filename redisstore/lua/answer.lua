-- Settles by a phone, or takes one of its tries.
-- KEYS: approval.
-- ARGV: phone, nonce, hash of what was shown, decision, number or "-", digest
--       of the answer, proof, how long a proof is remembered in ms.
local phone, nonce, shown, decision, number, digest = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local a = load(KEYS[1])
if not a then return {'not_found'} end

-- The person is known only here: the proof's key is made from it, in the
-- approval's own slot.
local who, right_nonce, right_number, right_shown, _, phones = check(a)
local proof = sibling(a.key, 'x:' .. who .. ':' .. ARGV[7])
if not redis.call('SET', proof, '1', 'NX', 'PX', ARGV[8]) then return {'replayed'} end
if not phone_at(a, phones, phone) then return {'not_found'} end
if nonce ~= right_nonce then return {'mismatch'} end
if shown ~= right_shown then return {'display'} end

-- The digest that settled, or "-", and those with a wrong number.
local answers = redis.call('HGET', a.key, 'answers') or '-'
local first, slips = string.match(answers, '^(%S+)(.*)$')
for slip in string.gmatch(slips, '%S+') do
  if decision == 'approve' and slip == digest then return reply('number_wrong', a) end
end
words(a)
if not a.open then
  if digest == first and phone == a.by then return reply('ok', a) end
  return settled(a)
end

if decision == 'approve' and number ~= right_number then
  redis.call('HSET', a.key, 'answers', answers .. ' ' .. digest)
  a.numbers = whole(a.numbers - 1)
  if a.numbers + 0 > 0 then
    change(a)
  else
    settle(a, 'denied', 'number_mismatch', '-', phone)
  end
  return reply('number_wrong', a)
end
redis.call('HSET', a.key, 'answers', digest .. slips)
if decision == 'approve' then
  settle(a, 'approved', '-', 'push', phone)
else
  settle(a, 'denied', decision == 'report' and 'reported' or 'user', '-', phone)
end
return reply('ok', a)
