// The recording with the transcript following it.
import { byId, duration, get, grouped, moment } from "./api.js";
import { open } from "./page.js";
import { listen } from "./stream.js";
import { TranscriptView } from "./transcript_view.js";

const id = byId("page").dataset.call;
const player = byId("player");
const words = new TranscriptView(byId("transcript"), (second) => { player.currentTime = second; player.play(); });
let shown = "";

async function show() {
  const call = await get(`/api/calls/${id}`);
  byId("title").textContent = `来电 ${grouped(call.caller)}`;
  const talked = call.answered_at && call.ended_at ? `通话 ${duration((Date.parse(call.ended_at) - Date.parse(call.answered_at)) / 1000)}` : "";
  byId("facts").textContent = [moment(call.arrived_at), call.outcome_label ?? call.label, ...call.why.map(({ label }) => label), call.operator_name, talked, call.recovered ? "（由话路记录补录）" : ""].filter(Boolean).join(" · ");
  byId("ticket-link").hidden = !call.ticket_id;
  byId("ticket-link").href = `/tickets/${call.ticket_id}`;
  if (call.recording?.ready && !player.src) {
    player.src = `/api/recordings/${call.recording.id}/audio`;
    player.hidden = false;
    byId("no-sound").hidden = true;
  }
  if (!call.recording && call.ended_at) byId("no-sound").textContent = "这通电话没有录音";
  const { lines } = await get(`/api/calls/${id}/transcript`);
  const now = JSON.stringify(lines);
  if (now === shown) return; // a row that is focused must not be replaced by the same row
  shown = now;
  if (lines.length) words.show(lines); else words.clear(call.ended_at ? "没有文字" : "还没有文字");
}
player.addEventListener("timeupdate", () => words.follow(player.currentTime));
player.addEventListener("error", () => { byId("no-sound").hidden = false; byId("no-sound").textContent = "录音放不出来，请刷新页面再试"; });
await open(async () => {
  await show();
  listen((kind, fact) => { if (fact.call_id === id && kind !== "UtteranceGuessed") show().catch(() => {}); }, show);
});
