// The operator's console. The board is the truth; a fact makes us look at it again.
import { byId, clock, get, grouped, make, moment, post, sinceSeconds } from "./api.js";
import { listen } from "./stream.js";
import { Softphone } from "./softphone.js";
import { echo, microphone, startRing, stopRing, watchLevel } from "./sound.js";
import { TicketForm } from "./ticket_form.js";
import { TranscriptView } from "./transcript_view.js";

const state = { me: null, board: null, seat: null, phone: null, callId: null, checked: false, incoming: null };
const words = new TranscriptView(byId("transcript"));
const ticket = new TicketForm();

async function refresh() {
  state.board = await get("/api/board");
  state.seat = state.board.seats.find((seat) => seat.operator?.id === state.me.id) ?? null;
  await draw();
}
let waiting;
const refreshSoon = () => { waiting ??= setTimeout(() => { waiting = undefined; refresh().catch(problem); }, 40); };
function problem(error) { byId("seat-problem").textContent = error?.message ?? ""; byId("choose-problem").textContent = error?.message ?? ""; byId("check-problem").textContent = error?.message ?? ""; }
async function act(work) { problem(); try { await work(); await refresh(); } catch (error) { problem(error); await refresh().catch(() => {}); } }
const seatPath = (verb) => `/api/seats/${state.seat.id}/${verb}`;

async function draw() {
  const { seat, board } = state;
  byId("choose").hidden = Boolean(seat);
  byId("check").hidden = !seat || seat.state !== "checking";
  byId("console").hidden = !seat || seat.state === "checking";
  byId("duty-keys").hidden = !seat || seat.state === "checking";
  byId("who").textContent = seat ? `${seat.id}号席 ${state.me.name}` : state.me.name;
  const word = byId("state");
  word.dataset.state = seat?.state ?? "empty";
  word.textContent = seat ? seat.label + (seat.pause_label && seat.state === "paused" ? ` · ${seat.pause_label}` : "") : "未入席";
  byId("wish").textContent = seat && seat.wish !== "none" ? `待执行：${seat.wish === "sign_off" ? "下班" : `暂停 ${seat.wish_label ?? ""}`}` : "";
  byId("queue").textContent = `等待 ${board.waiting.length}`;
  byId("today").textContent = `今日来电 ${board.today.offered} · 接听 ${board.today.answered}`;
  const link = byId("banner-link");
  if (board.link.state !== "up") { link.hidden = false; link.textContent = `控制连接${board.link.label}；电话仍可接听`; } else if (link.textContent.startsWith("控制")) link.hidden = true;
  const engine = byId("banner-engine");
  engine.hidden = board.engine.available && !board.engine.stand_in;
  engine.textContent = board.engine.available ? "演示：韩语模型代替，仅验证通路，文字不可信" : board.engine.reason === "loading" || board.engine.reason === "starting" ? "转写正在载入…" : "转写未启用，请手工记录";
  byId("resume").hidden = seat?.state !== "paused";
  byId("wrap-finish").hidden = byId("wrap-extend").hidden = seat?.state !== "wrap_up";
  byId("pause").hidden = seat?.state === "paused";
  dropPhone();
  if (!seat) drawTiles();
  else { await usePhone(); await followCall(); }
  drawPhone();
}
function drawTiles() {
  byId("tiles").replaceChildren(...state.board.seats.map((seat) => {
    const tile = make("button", null, { class: "tile", type: "button", "data-testid": `seat-tile-${seat.id}` });
    tile.append(make("b", `${seat.id} 号`), make("span", seat.operator ? `${seat.operator.name} · ${seat.label}` : "空席"));
    tile.disabled = Boolean(seat.operator);
    tile.onclick = () => act(() => post(`/api/seats/${seat.id}/take`, { phone: "seat" }));
    return tile;
  }));
}
// A seat left by wish, by a shift leader or for another seat: its account must not stay registered here
function dropPhone() {
  if (!state.phone || state.phone.session || state.phoneSeat === state.seat?.id) return;
  state.phone.stop();
  Object.assign(state, { phone: null, registered: false, checked: false });
  byId("check-pass").textContent = "铃声、话筒、回声都正常";
  byId("phone-state").textContent = "话机未连接";
  drawCheck();
}
async function usePhone() {
  if (state.phone || state.starting) return;
  state.starting = true;
  const seatId = state.seat.id;
  try {
    const stream = await microphone().catch(() => null);
    const phone = new Softphone(await get("/api/seats/mine/sip"), byId("remote"), stream);
    phone.addEventListener("registered", () => { if (state.phone !== phone) return; byId("phone-state").textContent = "话机就绪"; state.registered = true; drawCheck(); });
    phone.addEventListener("unregistered", () => { if (state.phone !== phone) return; byId("phone-state").textContent = "⚠ 话机未连接"; state.registered = false; drawCheck(); });
    phone.addEventListener("incoming", ({ detail }) => { state.incoming = detail; if (!detail.resume) startRing(); notify(detail); if (detail.callId) openCall(detail.callId); drawPhone(); });
    for (const name of ["talking", "changed"]) phone.addEventListener(name, () => { if (phone.inCall) { stopRing(); state.incoming = null; } drawPhone(); });
    phone.addEventListener("over", () => { if (phone.failure) console.warn("call failed", phone.failure); stopRing(); state.incoming = null; drawPhone(); refreshSoon(); });
    phone.start();
    state.phone = phone;
    state.phoneSeat = seatId;
    watchMute(phone, stream);
  } finally { state.starting = false; }
}
function notify(detail) {
  if (document.hidden && "Notification" in window && Notification.permission === "granted") new Notification("来电", { body: grouped(detail.number ?? "") });
}
function watchMute(phone, opened) {
  // A copy: the call's own track is silent while muted
  const stream = opened?.clone();
  if (!stream) return;
  let loud = 0;
  watchLevel(stream, (level) => { loud = phone.muted && level > 0.02 ? loud + 1 : Math.max(0, loud - 1); byId("muted").hidden = !(phone.muted && loud > 4); });
}
async function followCall() {
  // Again when the INVITE outran the server's own fact and the first look was refused
  if (state.seat.call_id && (state.seat.call_id !== state.callId || !state.call)) await openCall(state.seat.call_id);
  if (!state.seat.call_id && !["wrap_up"].includes(state.seat.state) && state.seat.state === "ready" && !state.phone?.session) { state.callId = null; drawPhone(); }
}
async function openCall(callId) {
  const other = state.callId !== callId;
  state.callId = callId;
  if (other) { words.clear(); await ticket.save().catch(() => {}); ticket.close(); state.call = null; }
  const call = await get(`/api/calls/${callId}`).catch(() => null);
  if (!call || state.callId !== callId) return;
  state.call = call;
  drawHistory(call);
  if (call.ticket_id && ticket.ticket?.id !== call.ticket_id) await ticket.open(call.ticket_id).catch(problem);
  if (other && call.answered_at) words.show((await get(`/api/calls/${callId}/transcript`)).lines);
  drawPhone();
}
function drawHistory(call) {
  const place = byId("history");
  const { calls, tickets, count } = call.history;
  if (!count && !tickets.length) { place.className = "quiet"; place.textContent = "第一次来电"; return; }
  place.className = "";
  place.replaceChildren(make("p", `来电 ${count} 次 · 工单 ${tickets.length} 件`));
  for (const one of tickets) { const row = make("div"); row.append(make("a", `${one.number} ${one.status_label} ${one.title}`, { href: `/tickets/${one.id}`, target: "_blank" })); place.append(row); }
  for (const one of calls) place.append(make("div", `${moment(one.arrived_at)} ${one.outcome_label ?? ""} ${one.operator_name ?? ""}`));
}
function drawPhone() {
  const phone = state.phone;
  const live = Boolean(phone?.session);
  byId("no-call").hidden = live || Boolean(state.callId);
  byId("call").hidden = !live && !state.callId;
  byId("call-pane").classList.toggle("ringing-card", Boolean(state.incoming));
  byId("number").textContent = grouped(state.incoming?.number ?? state.call?.caller ?? "");
  byId("answer").disabled = !state.incoming;
  for (const id of ["mute", "hold", "keypad"]) byId(id).disabled = !phone?.inCall;
  byId("hangup").disabled = !live;
  byId("mute").firstChild.textContent = phone?.muted ? "取消静音" : "静音";
  byId("hold").firstChild.textContent = phone?.held ? "恢复" : "保持";
  if (!phone?.inCall) { byId("digits").hidden = true; byId("muted").hidden = true; }
}
const drawCheck = () => { byId("start-duty").disabled = !(state.checked && state.registered); };
setInterval(() => {
  const { seat, call } = state;
  if (!seat) return;
  byId("since").textContent = seat.state === "wrap_up" && seat.wrap_up_until ? `剩 ${clock(-sinceSeconds(seat.wrap_up_until))}` : clock(sinceSeconds(seat.since));
  byId("waited").textContent = call ? (call.answered_at ? `等待了 ${Math.round(call.wait_s ?? 0)} 秒` : `已等待 ${Math.round(sinceSeconds(call.queued_at ?? call.arrived_at))} 秒`) : "";
  byId("timer").textContent = call?.answered_at && !call.ended_at ? `通话 ${clock(sinceSeconds(call.answered_at))} ● 录音中` : "";
}, 500);

function onFact(kind, fact) {
  const mine = fact.call_id && fact.call_id === state.callId;
  if (kind === "UtteranceGuessed") { if (mine) words.guess(fact.speaker, fact.text); return; }
  if (kind === "UtteranceSettled") { if (mine) words.settle({ ...fact, id: fact.utterance_id }); return; }
  if (mine && (kind === "TicketChanged" || kind === "CallAnswered" || kind === "CallEnded" || kind === "RecordingReady")) openCall(state.callId).catch(problem);
  if (mine && kind === "TranscriptFinalised") get(`/api/calls/${state.callId}/transcript`).then((found) => words.show(found.lines)).catch(() => {});
  if (mine && kind === "TranscriptionFailed" && !words.lines.length) words.clear("这通电话没有实时转写，录音结束后补");
  refreshSoon();
}
byId("check-ring").onclick = () => { startRing(); setTimeout(stopRing, 2500); };
byId("check-echo").onclick = async () => { const stream = await microphone().catch(() => null); if (stream) echo(stream, 5); };
byId("check-pass").onclick = async () => {
  try {
    const stream = await microphone();
    watchLevel(stream, (level) => { byId("mic-meter").style.width = `${Math.min(100, level * 300)}%`; });
    if ("Notification" in window && Notification.permission === "default") Notification.requestPermission();
    state.checked = true;
    byId("mic-problem").textContent = "";
    byId("check-pass").textContent = "✓ 检查通过";
  } catch { byId("mic-problem").textContent = "没有话筒权限或没有话筒：请检查耳机，并在浏览器里允许使用话筒"; }
  drawCheck();
};
byId("start-duty").onclick = () => act(() => post(seatPath("start")));
byId("answer").onclick = () => state.phone?.answer();
byId("mute").onclick = () => state.phone?.toggleMute();
byId("hold").onclick = () => state.phone?.toggleHold();
byId("hangup").onclick = () => state.phone?.hangUp();
byId("keypad").onclick = () => { byId("digits").hidden = !byId("digits").hidden; };
for (const key of "123456789*0#") { const button = make("button", key, { class: "btn", type: "button", "data-testid": `dtmf-${key}` }); button.onclick = () => state.phone?.digit(key); byId("digits").append(button); }
byId("pause").onclick = () => byId("pause-dialog").showModal();
byId("resume").onclick = () => act(() => post(seatPath("resume")));
byId("wrap-finish").onclick = () => act(async () => { await ticket.save(); await post(seatPath("wrap-up/finish")); });
byId("wrap-extend").onclick = () => act(() => post(seatPath("wrap-up/extend"), { seconds: 60 }));
byId("sign-off").onclick = () => act(async () => { await post(seatPath("sign-off"), {}); if (!state.phone?.inCall) { state.phone?.stop(); state.phone = null; state.registered = false; state.checked = false; } });
addEventListener("keydown", (event) => {
  const keys = { F1: "answer", F2: "mute", F3: "hold", F6: "keypad", F8: "hangup" };
  const alt = { KeyP: "pause", KeyS: "ticket-save", KeyR: state.seat?.state === "paused" ? "resume" : "wrap-finish" };
  const id = keys[event.key] ?? (event.altKey ? alt[event.code] : undefined);
  if (!id) return;
  event.preventDefault();
  const button = byId(id);
  if (!button.disabled && !button.hidden) button.click();
});
addEventListener("beforeunload", (event) => { if (state.phone?.inCall) event.preventDefault(); });

const lists = await get("/api/reference");
byId("pause-reasons").replaceChildren(...lists.pause_reasons.map((reason) => {
  const button = make("button", reason.label, { class: "btn", type: "button", "data-testid": `pause-reason-${reason.key}` });
  button.onclick = () => { byId("pause-dialog").close(); act(() => post(seatPath("pause"), { reason: reason.key })); };
  return button;
}));
state.me = await get("/api/me");
await ticket.prepare();
await refresh();
listen(onFact, () => refresh().catch(problem));
