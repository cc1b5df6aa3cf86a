// The call card: who calls, since when, what can be done; gone when the call is no longer this seat's business.
import { byId, clock, duration, get, inOrder, make, moment, now, say, sinceSeconds, whoseNumber } from "./api.js";
import { desk, getCall, isMine, onBoard, onCall, onFact, onPhone, problem, refreshSoon, talk, tell } from "./desk.js";
import { look } from "./pending.js";
import { drawKeys } from "./seat_keys.js";
import { ticketLink } from "./ticket_link.js";
import { whyWords } from "./why.js";

let news = false; // of the call that is open: it is read again once the board says that it is still this seat's

export function mountCall() {
  onBoard(() => { followCall().catch(problem); look(); draw(); });
  onPhone(() => { look(); draw(); });
  onCall(() => { const { callId } = desk.incoming ?? {}; if (callId && callId !== desk.callId) { turnTo(callId).catch(problem); refreshSoon(); } draw(); });
  onFact(["TicketChanged", "CallRouted", "EmergencyKeyPressed", "CallAnswered", "CallTransferred", "CallEnded", "RecordingReady"], (kind, fact) => { news ||= isMine(fact); });
  onFact(["CallEnded", "SeatFreed"], (kind, fact) => { if (isMine(fact)) desk.words.dropGuesses(); });
  onFact(["LeaderListened", "LeaderWhispered", "LeaderBarged", "LeaderTookOver", "SupervisionEnded", "CallTakenOver"], () => {}); // each is a look at the board
  onFact(["CallHeld"], (kind, fact) => { if (isMine(fact)) desk.heldAt = fact.at; });
  onFact(["CallResumed"], (kind, fact) => { if (isMine(fact)) desk.heldAt = null; });
  onFact(["UtteranceGuessed", "LegGuessed"], (kind, fact) => { if (isMine(fact)) desk.words.guess(fact); });
  onFact(["UtteranceSettled", "LegSettled"], (kind, fact) => { if (isMine(fact)) desk.words.settle({ ...fact, id: fact.utterance_id }); });
  onFact(["TranscriptFinalised", "LegFinalised"], (kind, fact) => { if (isMine(fact)) readWords(); });
  onFact(["TranscriptionFailed"], (kind, fact) => { if (isMine(fact)) readWords(); });
  setInterval(tick, 500);
}
const readWords = () => get(`/api/calls/${desk.callId}/transcript`).then(({ lines, deaf }) => {
  if (lines.length) desk.words.show(lines);
  desk.words.deaf(deaf);
}, () => {});
// After a gap: what stands there stays, what is missing is put in its place; the lines of the second pass replace the others
export async function wordsAgain() {
  const { callId } = desk;
  if (!callId || !desk.call?.answered_at) return;
  const { lines, deaf, final } = await get(`/api/calls/${callId}/transcript`);
  if (callId !== desk.callId) return;
  const found = new Set(lines.map((line) => line.id));
  if (final && desk.words.lines.some((line) => !found.has(line.id))) desk.words.show(lines);
  else for (const line of lines) desk.words.settle(line);
  desk.words.deaf(deaf);
}

async function followCall() {
  const { seat } = desk;
  // The INVITE may outrun the server's own fact: asked before the board names it, the call would be refused
  if (seat?.call_id && (seat.call_id !== desk.callId || !desk.call || news)) return openCall(seat.call_id);
  if (!seat?.call_id && !desk.phone?.session && desk.callId && isOver(seat)) return closeCall();
  if (news && desk.call?.answered_at) await openCall(desk.callId);
}
// Over for this seat: back to ready, signed off, or the ring went to somebody else. After a talk the ticket stays open
function isOver(seat) {
  if (!seat || seat.state === "ready") return true;
  return seat.state !== "wrap_up" && !desk.call?.answered_at;
}
async function closeCall() {
  Object.assign(desk, { callId: null, call: null, heldAt: null });
  desk.words.clear();
  say(byId("call-note"), "");
  tell("call");
  if (desk.ticket.busy) return;
  if (await desk.ticket.save() && !desk.callId) desk.ticket.close();
}
// Another call: what was written for the one before is kept, then the card is empty
async function turnTo(callId) {
  Object.assign(desk, { callId, call: null, heldAt: null });
  desk.words.clear();
  say(byId("call-note"), "");
  if (await desk.ticket.save().catch(() => false)) desk.ticket.close();
}
const newest = inOrder();
async function openCall(callId) {
  const first = desk.callId !== callId || !desk.call;
  news = false;
  if (desk.callId !== callId) await turnTo(callId);
  const call = await newest(() => getCall(callId)).catch(() => null);
  news ||= call === null; // asked again after the next look at the board
  if (!call || desk.callId !== callId) return;
  desk.call = call;
  drawHistory(call);
  if (call.ticket_id) await openTicket(call.ticket_id).catch(gaveAway);
  if (first && call.answered_at) await readWords();
  tell("call");
}
// Handed over with its caller: it is the colleague's now
function gaveAway(error) {
  if (error.status !== 403) throw error;
  desk.ticket.close();
  say(byId("call-note"), "来电和工单已转给同事");
}
async function openTicket(id) {
  const form = desk.ticket;
  if (form.ticket?.id === id) return form.take(await get(`/api/tickets/${id}`));
  // What could not be saved stays in sight until it is
  if (form.ticket && form.dirty && !(await form.save())) throw new Error("上一张工单还有没保存的内容，请先处理");
  await form.open(id);
}
function drawHistory(call) {
  const place = byId("history");
  const { calls, tickets, count } = call.history;
  place.className = count || tickets.length ? "" : "quiet";
  if (!count && !tickets.length) { place.textContent = call.caller ? "第一次来电" : "号码未显示，查不到以前的来电"; return; }
  place.replaceChildren(make("p", `来电 ${count} 次 · 工单 ${tickets.length} 件`));
  for (const one of tickets) place.append(make("div", null, { class: "past" }, ticketLink(one, `${one.may_open ? "" : `${one.number} `}${one.status_label} · ${one.title || "未填写"}`, { target: "_blank" }), make("span", moment(one.created_at), { class: "when" })));
  for (const one of calls) place.append(make("div", null, { class: "past" }, make("span", `${one.outcome_label ?? one.label} ${one.operator_name ?? ""}`), make("span", moment(one.arrived_at), { class: "when" })));
}
function draw() {
  const { phone, seat, call } = desk;
  const live = Boolean(phone?.session);
  const shown = live || Boolean(desk.callId);
  document.title = `${desk.incoming ? "▲ 来电 · " : ""}坐席 · 民生之声`;
  byId("no-call").hidden = shown;
  byId("call").hidden = !shown;
  byId("call-pane").classList.toggle("ringing-card", Boolean(desk.incoming));
  say(byId("no-call"), seat?.state === "paused" ? (seat.pause_reason === "missed" ? "刚才的来电没有接听，已暂停派话。按 Alt+J 恢复就绪" : "暂停中，不派来电") : "就绪，等待来电");
  const number = call?.caller ?? desk.incoming?.number ?? "";
  say(byId("number"), number || call ? whoseNumber(number) : "正在读取…");
  const past = call?.history;
  say(byId("pop"), past && call.caller ? [past.count ? `第 ${past.count + 1} 次来电` : "第一次来电", past.tickets.length ? `工单 ${past.tickets.length} 件` : ""].filter(Boolean).join(" · ") : "");
  byId("why").replaceChildren(...whyWords(call));
  if (!call) { byId("history").className = "quiet"; say(byId("history"), shown ? "正在读取…" : "没有来电"); }
  drawKeys();
  tick();
}
function tick() {
  const { call } = desk;
  const going = call?.answered_at && !call.ended_at && desk.seat?.state !== "wrap_up";
  const held = talk()?.state === "held";
  if (held) desk.heldAt ??= new Date(now()).toISOString();
  say(byId("waited"), !call ? "" : call.answered_at ? `等待了 ${duration(call.wait_s ?? 0)}` : `已等待 ${duration(sinceSeconds(call.queued_at ?? call.arrived_at))}`);
  say(byId("timer"), going ? `通话 ${clock(sinceSeconds(call.answered_at))} ● 录音中` : call?.ended_at && call.answered_at ? `已结束，通话 ${duration((Date.parse(call.ended_at) - Date.parse(call.answered_at)) / 1000)}` : "");
  const leader = talk()?.leader;
  byId("leader").hidden = !leader;
  say(byId("leader"), leader ? `◉ ${leader}` : "");
  byId("held").hidden = !held;
  if (held) say(byId("held"), `‖ 保持中 ${clock(sinceSeconds(desk.heldAt))}，来电群众听到音乐`);
}
