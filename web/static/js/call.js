// The recording with the transcript following it.
import { byId, get, grouped, moment } from "./api.js";
import { listen } from "./stream.js";
import { TranscriptView } from "./transcript_view.js";
const id = byId("page").dataset.call;
const player = byId("player");
const words = new TranscriptView(byId("transcript"), (second) => { player.currentTime = second; player.play(); });
async function show() {
  const call = await get(`/api/calls/${id}`);
  byId("title").textContent = `来电 ${grouped(call.caller)}`;
  byId("facts").textContent = [moment(call.arrived_at), call.outcome_label ?? call.label, call.operator_name, call.recovered ? "（由话路记录补录）" : ""].filter(Boolean).join(" · ");
  if (call.recording?.ready && !player.src) { player.src = `/api/recordings/${call.recording.id}/audio`; player.hidden = false; byId("no-sound").hidden = true; }
  if (!call.recording && call.ended_at) byId("no-sound").textContent = "这通电话没有录音";
  const { lines } = await get(`/api/calls/${id}/transcript`);
  if (lines.length) words.show(lines); else words.clear("还没有文字");
}
player.addEventListener("timeupdate", () => words.follow(player.currentTime));
await show();
listen((kind, fact) => { if (fact.call_id === id && !kind.startsWith("UtteranceG")) show().catch(() => {}); }, () => show().catch(() => {}));
