-- What all workers know together of one provider, and every decision about it. See upstream.h for
-- the keys; ingest/worker/gate_state.c decides the same for a host that is alone.
--
-- KEYS[1] the source, KEYS[2] its bucket. ARGV[1] what to do, then its arguments, see the end.
-- Times are microseconds, budgets are calls or weight a minute.

local LEASE = 60e6 -- a call, or a probe, of which nothing is heard is over after that
local PROBE_POLL = 1e6 -- how often others look whether the probe is back
local FLIGHT_POLL = 5e4 -- how often those look who wait for a call to come back
local FAILURES_IN_A_ROW = 5
local FAILURES_SLOT, FAILURES_SLOTS, FAILURES_LEAST = 10e6, 6, 20 -- half of at least 20 in 60 s
local OPEN_LONGEST = 600e6
local RETRIES_SLOT, RETRIES_SLOTS, RETRIES_LEAST, RETRIES_SHARE = 60e6, 10, 10, 0.2
local KEPT_MS = 86400000

local function read_hash(key)
    local pairs_read, hash = redis.call('HGETALL', key), {}
    for i = 1, #pairs_read, 2 do hash[pairs_read[i]] = pairs_read[i + 1] end
    return hash
end

local state, changes = read_hash(KEYS[1]), {}

local function number(name) return tonumber(state[name]) or 0 end

local function set(name, value)
    if type(value) == 'number' then value = string.format('%.17g', value) end
    if state[name] == value then return end
    state[name] = value
    changes[#changes + 1] = name
    changes[#changes + 1] = value
end

local function count(name) set(name, number(name) + 1) end

-- The clock of Redis, which may step; `now` never goes back: then no time has passed.
local time = redis.call('TIME')
local clock = time[1] * 1000000 + time[2]
local now = math.max(clock + number('skew'), number('at'))
set('skew', now - clock)
set('at', now)

local function save()
    if #changes == 0 then return end
    local kept = KEPT_MS + math.max(0, math.ceil((number('cooldown') - now) / 1000))
    redis.call('HSET', KEYS[1], unpack(changes))
    redis.call('PEXPIRE', KEYS[1], string.format('%.0f', kept))
end

-- Counts in slots of time: "slot,a,b;slot,a,b;...". Returns the sums over the last slots.
local function tally(name, width, slots, a, b)
    local current, kept, sum_a, sum_b, added = math.floor(now / width), {}, a, b, false
    for slot, old_a, old_b in string.gmatch(state[name] or '', '(%d+),(%d+),(%d+);') do
        slot, old_a, old_b = tonumber(slot), tonumber(old_a), tonumber(old_b)
        if slot > current - slots then
            sum_a, sum_b = sum_a + old_a, sum_b + old_b
            if slot == current then old_a, old_b, added = old_a + a, old_b + b, true end
            kept[#kept + 1] = string.format('%.0f,%.0f,%.0f;', slot, old_a, old_b)
        end
    end
    if not added and a + b > 0 then kept[#kept + 1] = string.format('%.0f,%.0f,%.0f;', current, a, b) end
    set(name, table.concat(kept))
    return sum_a, sum_b
end

-- The token bucket: bucket.h says why it is shaped like this. A tenth of the budget may be taken at
-- once and nine tenths flow in evenly, and it fills only up to what calls on their way leave of it,
-- so that no minute as the provider counts it exceeds the budget.
local function burst_of(budget)
    if budget >= 2 then return math.max(budget / 10, 1) end
    return budget / 10
end

local function open_bucket(budget)
    local bucket = {hash = read_hash(KEYS[2]), flying = 0, landed = {}}
    local burst = burst_of(budget)
    bucket.burst, bucket.flow = burst, (budget - burst) / 60e6
    bucket.level = tonumber(bucket.hash.level) or 0
    bucket.level = bucket.level + math.max(0, now - (tonumber(bucket.hash.at) or now)) * bucket.flow
    local all = 0
    for field, flight in pairs(bucket.hash) do
        local weight, until_at = string.match(flight, '^(%d+) (%d+)$')
        if weight then
            all = all + weight
            if tonumber(until_at) <= now then bucket.landed[#bucket.landed + 1] = field
            else bucket.flying = bucket.flying + weight end
        end
    end
    if all > 0 then bucket.level = math.min(bucket.level, burst - all) end
    return bucket
end

local function land(bucket, name)
    local weight = string.match(bucket.hash['f:' .. name] or '', '^(%d+) ')
    if not weight then return end
    bucket.hash['f:' .. name] = nil
    bucket.landed[#bucket.landed + 1] = 'f:' .. name
    bucket.flying = math.max(0, bucket.flying - weight)
end

local function save_bucket(bucket, flight_of, weight)
    if #bucket.landed > 0 then redis.call('HDEL', KEYS[2], unpack(bucket.landed)) end
    redis.call('HSET', KEYS[2], 'level', string.format('%.17g', bucket.level),
        'at', string.format('%.0f', now))
    if flight_of then
        redis.call('HSET', KEYS[2], 'f:' .. flight_of, string.format('%.0f %.0f', weight, now + LEASE))
    end
    redis.call('PEXPIRE', KEYS[2], KEPT_MS)
end

-- Takes a call out of the bucket: 0, or how long to wait.
local function take(budget, name, weight, backfill, hint)
    if budget <= 0 then return 0 end
    local bucket = open_bucket(budget)
    local burst, spare, short = bucket.burst, 0, 0
    land(bucket, name)
    if backfill then spare = math.max(burst / 5, 1) end
    bucket.level = math.min(bucket.level, math.max(2 * budget, weight + spare), hint or math.huge)
    local usable, room = bucket.level, burst - bucket.flying
    if weight <= burst then usable = math.min(usable, room) end
    short = math.max(weight - usable, weight + spare - bucket.level)
    if short <= 0 and (weight <= burst or bucket.flying == 0) then
        bucket.level = (weight <= burst and usable or burst) - weight
        save_bucket(bucket, name, weight)
        return 0
    end
    save_bucket(bucket)
    local wait = short / bucket.flow
    if bucket.flying > 0 and weight + spare > room then wait = math.max(wait, FLIGHT_POLL) end
    return wait
end

-- The breaker.
local function open_breaker(first, random)
    local length = math.min(first * 2 ^ math.min(number('openings'), 30), OPEN_LONGEST)
    set('breaker', 'open')
    set('open', now + length * (0.75 + random / 2))
    set('openings', number('openings') + 1)
    set('failures', 0)
    set('recent', '')
    set('probe', 0)
    count('opened')
end

local function close_breaker()
    set('breaker', 'closed')
    set('open', 0)
    set('openings', 0)
    set('failures', 0)
    set('recent', '')
    set('probe', 0)
end

-- 0, or how long to wait; and whether the call would be the probe.
local function pass_breaker(name)
    if (state.breaker or 'closed') == 'closed' then return 0, false end
    if number('open') > now then return number('open') - now, false end
    if number('probe') > now and state.prober ~= name then
        return math.min(number('probe') - now, PROBE_POLL), false
    end
    return 0, true
end

-- What the asking host knows and this Redis may have lost. A host that has not heard of the last
-- reset knows nothing.
local function remember(generation, cooldown, open, openings)
    if generation < number('generation') then return end
    set('generation', generation)
    if now + cooldown > number('cooldown') + 1e6 and cooldown > 0 then set('cooldown', now + cooldown) end
    if open > 0 and (state.breaker or 'closed') == 'closed' then
        set('breaker', 'open')
        set('open', now + open)
        set('openings', openings)
    end
end

local function refuse(word, wait)
    count(word .. '_refusals')
    return {word, math.floor(wait / 1000) + 1, number('generation')}
end

local function ask(name, bucket, budget, weight, backfill, again, generation, cooldown, open, openings, hint)
    remember(tonumber(generation), cooldown * 1000, open * 1000, tonumber(openings))
    set('bucket', bucket)
    set('budget', tonumber(budget))
    if number('cooldown') > now then return refuse('cooldown', number('cooldown') - now) end
    local wait, probe = pass_breaker(name)
    if wait > 0 then return refuse('breaker', wait) end
    wait = take(tonumber(budget), name, tonumber(weight), backfill == '1', tonumber(hint))
    if wait > 0 then return refuse('budget', wait) end
    if probe then
        set('breaker', 'half_open')
        set('probe', now + LEASE)
        set('prober', name)
    end
    if again == '0' then tally('attempts', RETRIES_SLOT, RETRIES_SLOTS, 1, 0) end
    count('granted')
    return {'granted', 0, number('generation')}
end

local function note_failure(is_prober, first, random)
    local good, bad = tally('recent', FAILURES_SLOT, FAILURES_SLOTS, 0, 1)
    count('failed')
    if is_prober then return open_breaker(first, random) end
    if (state.breaker or 'closed') ~= 'closed' then return end
    set('failures', number('failures') + 1)
    if number('failures') >= FAILURES_IN_A_ROW or
        (good + bad >= FAILURES_LEAST and bad * 2 >= good + bad) then
        open_breaker(first, random)
    end
end

local function report(name, budget, result, cooldown, left, first, random)
    budget, left = tonumber(budget), tonumber(left)
    if budget > 0 then
        local bucket = open_bucket(budget)
        land(bucket, name)
        -- Near its end the provider's own count slows us down, whoever else has used it.
        if left >= 0 then bucket.level = math.min(bucket.level, left - bucket.burst) end
        save_bucket(bucket)
    end
    local is_prober = state.breaker == 'half_open' and number('probe') > now and state.prober == name
    if result == 'failed' then
        note_failure(is_prober, first * 1000, tonumber(random))
    elseif result == 'good' then
        if is_prober then close_breaker() end
        if (state.breaker or 'closed') == 'closed' then
            set('failures', 0)
            tally('recent', FAILURES_SLOT, FAILURES_SLOTS, 1, 0)
        end
    else
        if is_prober then set('probe', 0) end
        if result == 'limited' then
            count('limited')
            set('cooldown', math.max(number('cooldown'), now + cooldown * 1000))
        end
    end
    return 1
end

local function retry()
    local first, retries = tally('attempts', RETRIES_SLOT, RETRIES_SLOTS, 0, 0)
    if retries + 1 > math.max(RETRIES_LEAST, first * RETRIES_SHARE) then
        count('postponed')
        return 0
    end
    tally('attempts', RETRIES_SLOT, RETRIES_SLOTS, 0, 1)
    count('retried')
    return 1
end

local function reset()
    close_breaker()
    set('cooldown', 0)
    set('generation', math.max(number('generation') + 1, tonumber(time[1])))
    return 1
end

-- As Unix milliseconds; 0 if it is over.
local function moment(name)
    if number(name) <= now then return 0 end
    return math.floor((number(name) - number('skew')) / 1000)
end

local function show()
    if not state.budget then return {} end
    local breaker, tokens, flying = state.breaker or 'closed', 0, 0
    if breaker == 'open' and number('open') <= now then breaker = 'half_open' end
    if number('budget') > 0 then
        local bucket = open_bucket(number('budget'))
        tokens = math.max(0, math.floor(math.min(bucket.level, bucket.burst - bucket.flying)))
        flying = bucket.flying
    end
    return {breaker, moment('open'), moment('cooldown'), number('budget'), tokens, flying,
        number('granted'), number('cooldown_refusals'), number('breaker_refusals'),
        number('budget_refusals'), number('limited'), number('failed'), number('opened'),
        number('retried'), number('postponed')}
end

if ARGV[1] == 'show' then
    KEYS[2] = KEYS[1] .. ':' .. (state.bucket or 'free')
    return show()
end
local acts = {ask = ask, report = report, retry = retry, reset = reset}
local answer = acts[ARGV[1]](unpack(ARGV, 2))
save()
return answer
