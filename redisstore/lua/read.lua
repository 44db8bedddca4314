-- Reads an approval. KEYS: approval.
local a = load(KEYS[1])
if not a then return {'not_found'} end
return reply('ok', a)
