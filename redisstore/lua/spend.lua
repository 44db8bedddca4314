-- Remembers a proof. KEYS: proof. ARGV: for how long in ms.
if redis.call('SET', KEYS[1], '1', 'NX', 'PX', ARGV[1]) then return {'ok'} end
return {'replayed'}
