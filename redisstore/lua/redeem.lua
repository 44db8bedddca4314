-- Spends the result code.
-- KEYS: approval, clock. ARGV: hash of the code, how long it is good in µs.
local now, ahead = clock(KEYS[2])
local a = load(KEYS[1], now)
if not a then return {'not_found'} end
mark(KEYS[2], now, ahead)
if a.state ~= 'approved' or a.redeemed ~= '0' or now - a.at >= tonumber(ARGV[2])
  or redis.call('HGET', a.key, 'result') ~= ARGV[1] then
  return {'result'}
end
redis.call('HSET', a.key, 'redeemed', '1')
a.redeemed = '1'
return reply('ok', a, now)
