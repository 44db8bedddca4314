-- Spends the result code.
-- KEYS: approval. ARGV: hash of the code, how long it is good in µs.
local a = load(KEYS[1])
if not a then return {'not_found'} end
words(a)
local _, _, _, _, result = check(a)
if a.state ~= 'approved' or a.redeemed ~= '0' or a.now - a.at >= tonumber(ARGV[2]) or result ~= ARGV[1] then
  return {'result'}
end
a.redeemed = '1'
store(a)
return reply('ok', a)
