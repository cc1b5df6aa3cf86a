// How the line sounds, from RTCP: what we lose of the caller, what Asterisk says it loses of us.
const EVERY_MS = 2000;
const LIMITS = [
  { word: "差", level: "bad", loss: 0.05, jitter_ms: 60, rtt_ms: 400 },
  { word: "一般", level: "fair", loss: 0.01, jitter_ms: 30, rtt_ms: 200 },
];

export function grade({ loss, jitter_ms, rtt_ms }) {
  const worst = LIMITS.find((limit) => loss >= limit.loss || jitter_ms >= limit.jitter_ms || (rtt_ms ?? 0) >= limit.rtt_ms);
  return { word: worst?.word ?? "好", level: worst?.level ?? "good", loss, jitter_ms, rtt_ms };
}

export function read(stats, before) {
  let found;
  let back;
  for (const one of stats.values()) {
    if (one.type === "inbound-rtp" && one.kind === "audio") found = one;
    if (one.type === "remote-inbound-rtp" && one.kind === "audio") back = one;
  }
  if (!found) return null;
  const lost = found.packetsLost - (before?.lost ?? 0);
  const received = found.packetsReceived - (before?.received ?? 0);
  const share = lost > 0 ? lost / (lost + received) : 0;
  return {
    lost: found.packetsLost,
    received: found.packetsReceived,
    silent: received === 0,
    loss: Math.max(share, back?.fractionLost ?? 0),
    jitter_ms: 1000 * Math.max(found.jitter ?? 0, back?.jitter ?? 0),
    rtt_ms: back?.roundTripTime === undefined ? null : 1000 * back.roundTripTime,
  };
}

export function watchQuality(connection, tell) {
  let before;
  const timer = setInterval(async () => {
    if (connection.connectionState === "closed") return stop();
    const sample = read(await connection.getStats(), before);
    if (!sample) return;
    if (before) tell(sample.silent ? { word: "无声", level: "bad", ...sample } : grade(sample));
    before = sample;
  }, EVERY_MS);
  const stop = () => { clearInterval(timer); tell(null); };
  return stop;
}

export function describe(quality) {
  const parts = [`丢包 ${(100 * quality.loss).toFixed(1)}%`, `抖动 ${Math.round(quality.jitter_ms)} 毫秒`];
  if (quality.rtt_ms !== null) parts.push(`往返 ${Math.round(quality.rtt_ms)} 毫秒`);
  return parts.join(" · ");
}
