// Why a caller is treated otherwise than the rest: small words, each with its sign; never colour alone.
import { make } from "./api.js";

const SIGNS = { emergency_key: "▲", seat_lost: "↻", cut_off: "↻", own_seat: "★", flood: "≋" };

export function whyWords(call) {
  return (call?.why ?? []).map(({ word, label }) => make("span", `${SIGNS[word] ?? ""} ${label}`, { class: "why", "data-why": word }));
}
// For one line that has no room for all: how many callers wait with each reason that goes before the rest
export function whyCounts(calls) {
  const counts = new Map();
  for (const call of calls) {
    const first = (call.why ?? []).find(({ word }) => ["emergency_key", "seat_lost", "cut_off"].includes(word));
    if (first) counts.set(first.label, (counts.get(first.label) ?? 0) + 1);
  }
  return [...counts].map(([label, count]) => `${label} ${count}`).join(" ");
}
