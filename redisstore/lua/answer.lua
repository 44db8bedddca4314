-- Settles by a phone, or takes one of its tries.
-- KEYS: approval, clock.
-- ARGV: phone, nonce, hash of what was shown, decision, number, digest of the
--       answer, proof, how long a proof is remembered in ms.
local phone, nonce, shown, decision, number, digest = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local now, ahead = clock(KEYS[2])
local a = load(KEYS[1], now)
if not a then return {'not_found'} end
mark(KEYS[2], now, ahead)

local got = redis.call('HMGET', a.key, 'person', 'nonce', 'shown', 'number', 'digest', 'slips')
-- The person is known only here: the proof's key is made from it, in the
-- approval's own slot.
local proof = sibling(a.key, 'x:' .. got[1] .. ':' .. ARGV[7])
if not redis.call('SET', proof, '1', 'NX', 'PX', ARGV[8]) then return {'replayed'} end
if not phone_at(a, phone) then return {'not_found'} end
if nonce ~= got[2] then return {'mismatch'} end
if shown ~= got[3] then return {'display'} end

local slips = got[6] or ''
for slip in string.gmatch(slips, '%S+') do
  if decision == 'approve' and slip == digest then return reply('number_wrong', a, now) end
end
if not a.open then
  if digest == got[5] and phone == a.by then return reply('ok', a, now) end
  return reply('settled', a, now)
end

if decision ~= 'approve' then
  local reason = decision == 'report' and 'reported' or 'user'
  settle(a, now, {state = 'denied', reason = reason, by = phone, digest = digest})
elseif number == got[4] then
  settle(a, now, {state = 'approved', method = 'push', by = phone, digest = digest})
else
  local set = {numbers = whole(a.numbers - 1), slips = slips .. ' ' .. digest}
  if tonumber(set.numbers) > 0 then
    change(a, now, set)
  else
    set.state, set.reason, set.by = 'denied', 'number_mismatch', phone
    settle(a, now, set)
  end
  return reply('number_wrong', a, now)
end
return reply('ok', a, now)
