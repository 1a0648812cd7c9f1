"""What Redis does in one step: a record with its indexes, its audit entry and its place in the outbox; leases."""

from bot.audit import APPEND

STEP = f"""{APPEND}
if ARGV[11] ~= '' and redis.call('GET', KEYS[9]) == ARGV[11] then return {{'done', ARGV[11]}} end
local stored = redis.call('GET', KEYS[1]) or ''
if stored ~= ARGV[1] then return {{'changed', stored}} end
if ARGV[16] ~= '' then
  local freeze = redis.call('GET', KEYS[10]) or ''
  if freeze ~= ARGV[17] then return {{'frozen', freeze}} end
end
if ARGV[11] ~= '' then
  local head = append(KEYS[8], KEYS[9], unpack(ARGV, 10, 14))
  if head ~= ARGV[11] then return {{'head', head}} end
end
redis.call('SET', KEYS[1], ARGV[2])
if ARGV[9] ~= '' then redis.call('PEXPIRE', KEYS[1], ARGV[9]) end
for i = 2, 6 do
  if ARGV[i + 2] == '' then redis.call('ZREM', KEYS[i], ARGV[3])
  else redis.call('ZADD', KEYS[i], ARGV[i + 2], ARGV[3]) end
end
if ARGV[18] == '' then redis.call('ZREM', KEYS[11], ARGV[3])
else redis.call('ZADD', KEYS[11], ARGV[18], ARGV[3]) end
if ARGV[15] ~= '' then redis.call('ZADD', KEYS[7], ARGV[15], ARGV[3]) end
return {{'done', ARGV[11]}}
"""

RENEW = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1
"""

RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
"""

REMOVE_UNLESS_MOVED = """
local version = redis.call('ZSCORE', KEYS[1], ARGV[1])
if version and tonumber(version) <= tonumber(ARGV[2]) then redis.call('ZREM', KEYS[1], ARGV[1]) end
"""
