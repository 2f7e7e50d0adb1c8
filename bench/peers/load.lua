-- A load for wrk: posts a record of SIZE characters of text (1000) with every request, and prints one line of JSON.

local size = tonumber(os.getenv("SIZE")) or 1000
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"id":7,"text":"' .. string.rep("0123456789", size / 10) .. '"}'
if os.getenv("TOKEN") then
  wrk.headers["Authorization"] = "Bearer " .. os.getenv("TOKEN")
end

function done(summary, latency)
  local errors = summary.errors
  local wrong = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format(
    '{"requests":%d,"wrong":%d,"per_s":%.3f,"p50_ms":%.3f,"p99_ms":%.3f}\n',
    summary.requests, wrong, summary.requests / (summary.duration / 1e6),
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
