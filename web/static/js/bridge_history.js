// The conferences of a ticket: what happened, oldest first, and what each party said; live while one runs.
import { byId, duration, get, make, seconds } from "./api.js";
import { TranscriptView } from "./transcript_view.js";

export const BRIDGE_FACTS = ["BridgePressed", "BridgeTicketed", "BridgeEnded", "LegDialled", "LegRang", "LegAnswered", "LegJoined", "LegWasBusy", "LegUnanswered", "LegMovedOn", "LegAskedBack", "LegLeft", "LegRemoved", "LegFailed", "LegRedialled", "LegSettled", "LegFinalised"];

export class BridgeHistory {
  // `callId`: the conferences of this call alone, and without the words, which the call's own transcript has
  constructor(ticketId, callId = null) {
    this.ticketId = ticketId;
    this.callId = callId;
    this.shown = "";
    this.bridges = new Set();
  }
  // Facts that came before the conference had its ticket name none: BridgeTicketed brings it here
  concerns(kind, fact) { return BRIDGE_FACTS.includes(kind) && (fact.ticket_id === this.ticketId || this.bridges.has(fact.bridge_id)); }
  async look() {
    const found = (await get(`/api/tickets/${this.ticketId}/bridges`)).bridges;
    const bridges = this.callId ? found.filter((one) => one.call_id === this.callId).map((one) => ({ ...one, words: { lines: [], sounds: [], closed: null } })) : found;
    this.bridges = new Set(bridges.map((one) => one.id));
    // A player in use must not be replaced by the same player
    const now = JSON.stringify(bridges.map((one) => ({ ...one, duration_s: one.ended_at ? one.duration_s : 0 })));
    if (now === this.shown) return;
    this.shown = now;
    byId("bridges").replaceChildren(...bridges.map(card));
  }
}
function card(bridge) {
  const facts = [bridge.label, bridge.ended_at ? `共 ${duration(bridge.duration_s)}` : "", bridge.end_label].filter(Boolean).join(" · ");
  const events = make("ol", null, { class: "bridge-events" });
  for (const one of bridge.events) events.append(make("li", null, {}, make("time", seconds(one.at), { datetime: one.at }), make("span", one.text)));
  const box = make("div", null, { class: "bridge-history", "data-testid": `bridge-${bridge.id}`, "data-state": bridge.state }, make("h2", bridge.kind_label), make("p", facts), events);
  const { lines, sounds, closed } = bridge.words;
  if (closed) box.append(make("p", closed, { class: "quiet", "data-testid": "words-closed" }));
  const players = new Map(sounds.map((one) => [one.attempt_id, { ...one, audio: make("audio", null, { controls: "", preload: "none", src: one.url, "aria-label": `${one.who}的录音` }) }]));
  for (const { who, audio } of players.values()) box.append(make("label", who, { class: "bridge-sound" }, audio));
  if (!lines.length) return box;
  const place = make("div", null, { class: "bridge-words", "data-testid": "bridge-words" });
  box.append(make("h3", "各方的话"), place);
  const words = new TranscriptView(place, ({ attempt_id, start_s }) => {
    const found = players.get(attempt_id);
    if (!found) return;
    found.audio.currentTime = Math.max(0, start_s - found.offset_s);
    found.audio.play();
  });
  words.show(lines);
  for (const { audio, attempt_id, offset_s } of players.values()) audio.addEventListener("timeupdate", () => words.follow(audio.currentTime + offset_s, attempt_id));
  return box;
}
