-- limits.rate, for all replicas at once and by the clock of Redis.
-- KEYS: one a bucket. ARGV: 1 to take or -1 to give back, then interval and burst of each bucket.
-- Answers {0, 0}, or the number of the bucket to wait for longest and its microseconds.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local sign = tonumber(ARGV[1])
local arrivals, refused, longest = {}, 0, 0
for i, key in ipairs(KEYS) do
  local interval, burst = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  local before = math.max(tonumber(redis.call('GET', key) or 0), now)
  arrivals[i] = math.max(before + sign * interval, now)
  local wait = arrivals[i] - now - interval * burst
  if sign > 0 and wait > longest then
    refused, longest = i, wait
  end
end
if refused > 0 then
  return {refused, longest}
end
for i, key in ipairs(KEYS) do
  if arrivals[i] > now then
    -- Lua would write a number of this size with an exponent.
    local value = string.format('%.0f', arrivals[i])
    redis.call('SET', key, value, 'PX', math.ceil((arrivals[i] - now) / 1000))
  else
    redis.call('DEL', key)
  end
end
return {0, 0}
