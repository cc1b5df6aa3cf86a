// 已转接: to whom a call was given, on every page in the same words.
const WORD = "已转接 →";

// A call's hand-overs, a phrase each
export const given = (call) => call.given.map(({ label }) => `${WORD} ${label}`);
// One that talks now; `short` leaves out names and numbers
export const givenNow = (one, short) => `${one.by_seat ? `${one.by_seat}号席 ` : ""}${WORD} ${short ? one.short : one.label}`;
export const givenTo = (words) => `${WORD} ${words}`;
