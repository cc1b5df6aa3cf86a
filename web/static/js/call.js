// The recording with the transcript following it.
import { byId, duration, get, make, moment, whoseNumber } from "./api.js";
import { BRIDGE_FACTS, BridgeHistory } from "./bridge_history.js";
import { clickToDial } from "./click_to_dial.js";
import { given } from "./given.js";
import { open } from "./page.js";
import { listen } from "./stream.js";
import { ticketLink } from "./ticket_link.js";
import { TranscriptView } from "./transcript_view.js";

const id = byId("page").dataset.call;
const player = byId("player");
const words = new TranscriptView(byId("transcript"), (line) => { hear(line.attempt_id, line.start_s); player.play(); });
let history = null; // the conferences of this call
let shown = "";
let whole = ""; // where the call's own recording is
let sounds = []; // what each party of a conference said
let track = null; // whose recording plays; null is the call's own

// A party's own sound where there is one, from this second of the call on
function hear(attempt, second) {
  const sound = sounds.find((one) => one.attempt_id === attempt);
  const url = sound?.url ?? whole;
  track = sound ? attempt : null;
  if (player.getAttribute("src") !== url) player.src = url;
  player.currentTime = Math.max(0, second - (sound?.offset_s ?? 0));
  drawTracks();
}
function drawTracks() {
  const place = byId("tracks");
  place.hidden = !sounds.length;
  const key = (attempt, label, offset_s) => {
    const made = make("button", label, { class: "btn btn-sm", type: "button", "aria-pressed": String(track === attempt) });
    made.onclick = () => hear(attempt, offset_s);
    return made;
  };
  place.replaceChildren(...(whole ? [key(null, "整通电话", 0)] : []), ...sounds.map((one) => key(one.attempt_id, one.who, one.offset_s)));
}

let ticketShown = ""; // a link that is focused must not be replaced by the same link
function drawTicket(ticket) {
  const now = JSON.stringify(ticket);
  if (now === ticketShown) return;
  ticketShown = now;
  byId("ticket-link").replaceChildren(...(ticket ? [ticketLink(ticket, ticket.may_open ? "打开工单" : `工单 ${ticket.number}`)] : []));
}

async function show() {
  const call = await get(`/api/calls/${id}`);
  byId("title").textContent = `来电 ${whoseNumber(call.caller)}`;
  const talked = call.answered_at && call.ended_at ? `通话 ${duration((Date.parse(call.ended_at) - Date.parse(call.answered_at)) / 1000)}` : "";
  byId("facts").textContent = [moment(call.arrived_at), call.outcome_label ?? call.label, ...call.why.map(({ label }) => label), call.operator_name, ...given(call), talked, call.recovered ? "（由话路记录补录）" : ""].filter(Boolean).join(" · ");
  drawTicket(call.ticket);
  if (call.ticket_id) history ??= new BridgeHistory(call.ticket_id, id);
  await history?.look().catch(() => {});
  if (call.recording?.ready && !whole) {
    whole = `/api/recordings/${call.recording.id}/audio`;
    if (!player.getAttribute("src")) player.src = whole;
    player.hidden = false;
    byId("no-sound").hidden = true;
  }
  byId("call-dial").hidden = Boolean(call.words_closed); // whose the words are not, his the number is not either
  if (call.words_closed) return closeWords(call.words_closed);
  if (!call.recording && call.ended_at) byId("no-sound").textContent = "这通电话没有录音";
  const { lines, sounds: found } = await get(`/api/calls/${id}/transcript`);
  sounds = found;
  if (sounds.length) player.hidden = false;
  drawTracks();
  const now = JSON.stringify(lines);
  if (now === shown) return; // a row that is focused must not be replaced by the same row
  shown = now;
  if (lines.length) words.show(lines); else words.clear(call.ended_at ? "没有文字" : "还没有文字");
}
// Marked secret, perhaps while this page is open: what it shows and plays goes too
function closeWords(why) {
  player.pause();
  player.removeAttribute("src");
  Object.assign(byId("no-sound"), { hidden: false, textContent: why });
  [whole, shown, sounds, track] = ["", "", [], null];
  player.hidden = true;
  drawTracks();
  words.clear("保密");
}
player.addEventListener("timeupdate", () => {
  const sound = sounds.find((one) => one.attempt_id === track);
  words.follow(player.currentTime + (sound?.offset_s ?? 0), track);
});
player.addEventListener("error", () => { byId("no-sound").hidden = false; byId("no-sound").textContent = "录音放不出来，请刷新页面再试"; });
clickToDial("call-dial", () => ({ call_id: id }), "call-dialled");
await open(async () => {
  await show();
  listen((kind, fact) => { if ((fact.call_id === id || history?.concerns(kind, fact)) && kind !== "UtteranceGuessed") show().catch(() => {}); }, show, BRIDGE_FACTS);
});
