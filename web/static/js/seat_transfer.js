// 转接: ask somebody while the caller hears music, or give him away at once; and the keys of a room that runs.
import { byId, clock, make, say, sinceSeconds } from "./api.js";
import { desk, inSight, onBoard, onFact, onPhone, problem, refresh } from "./desk.js";
import { givenTo } from "./given.js";
import { bind, note } from "./keys.js";
import { allow } from "./pending.js";
import { pressOnce } from "./press_once.js";
import { beep } from "./sound.js";
import { choose } from "./transfer_list.js";

const API = "/api/v1/bridges";
const LIVE = ["ordered", "next_number", "dialling", "ringing", "answered", "joined", "held"];
const FAILED = { busy: "忙", no_answer: "无人接听", failed: "无法呼叫", call_back: "请稍后回拨", left: "已离开" };
let busy = false;
let toldOf = null; // the failure that the operator has heard of

export function mountTransfer() {
  byId("transfer").onclick = () => choose(consult);
  bind("F4", "transfer", "转接：先咨询，或直接转");
  bind("F3", "room-hold", "会议中：来电听音乐");
  bind("F3", "room-back", "咨询中：接回来电");
  bind("F4", "room-complete", "咨询中：完成转接");
  bind("F7", "room-swap", "咨询中：轮流通话，另一方听音乐");
  bind("Alt+3", "room-join", "咨询中：三方通话");
  note("Enter / Shift+Enter", "转接名单里：咨询后转接 / 直接转接");
  onFact(["LegHeld", "SeatRungForRoom", "SeatJoinedRoom", "SeatLeftRoom", "CallTransferred", "CallRequeued"], () => {});
  onBoard(draw);
  onPhone(draw);
}
const free = () => Boolean(desk.phone?.inCall) && desk.seat?.state === "talking" && !busy && mayAsk();
const inside = (leg) => leg.state === "joined";
const aside = () => others().filter((leg) => leg.state === "held");
const mayAsk = () => !desk.room || (isMine() && !others().length && desk.room.kind === "consult");
const isMine = () => desk.room?.seat_id === desk.seat?.id;
const legOf = (role) => desk.room?.legs.find((leg) => leg.role === role);
const others = () => (desk.room?.legs ?? []).filter((leg) => leg.role !== "caller" && !leg.role.startsWith("leader") && leg.seat_id !== desk.room.seat_id && LIVE.includes(leg.state));
function draw() { allow("transfer", free()); }

async function consult(target, blind) {
  if (busy) return;
  busy = true;
  draw();
  try {
    if (blind || target.queue) await desk.ticket.save(); // what was typed goes along with the caller
    await pressOnce(`${API}/consult`, { ...target, blind }, inSight());
    problem();
  } catch (error) { problem(error); } finally { busy = false; await refresh().catch(() => {}); }
}

// The line and the keys above the cards; `order(path)` sends one
export function roomKeys(order) {
  const caller = legOf("caller");
  if (!caller || !["held", "joined"].includes(caller.state)) return null;
  const handed = desk.room.kind === "consult" && desk.seat?.state !== "talking";
  if (!isMine() || (handed && others().length)) return make("p", isMine() ? onTheWay(others()) : byWhom(), { class: "room-line", "data-testid": "consult-by" });
  const asked = others();
  const consulting = desk.room.kind === "consult";
  const keys = make("div", null, { class: "bridge-keys room-keys", role: "group", "aria-label": "咨询转接" });
  const add = (id, words, shortcut, act, more = "") => {
    const made = make("button", null, { class: `btn ${more}`, id, type: "button", "data-testid": id }, make("span", words, { class: "label" }), make("kbd", shortcut));
    made.onclick = act;
    keys.append(made);
  };
  const [held, waits] = [caller.state === "held", aside().length > 0];
  if (consulting && (waits || (held && asked.some(inside)))) add("room-swap", waits ? "换到对方" : "换到来电", "F7", () => order("/swap"), "btn-success");
  if (held || waits) {
    add("room-back", held ? "接回来电" : "请对方离开", "F3", () => order(consulting ? "/back" : "/join"), waits || asked.some(inside) ? "" : "btn-success");
    if (asked.length) add("room-join", "三方", "Alt+3", () => order("/join"));
  } else add("room-hold", "来电听音乐", "F3", () => order("/hold"));
  if (consulting && asked.length) add("room-complete", waits || asked.some(inside) ? "完成转接" : "不等接听，转出", "F4", async () => { await desk.ticket.save().catch(() => {}); order("/complete"); }, "btn-primary");
  return make("div", null, {}, make("p", lineOf(caller, asked), { class: "room-line", "data-testid": "room-line", role: "status" }), keys);
}
// This seat has gone, and the call goes on or goes out in its name
function onTheWay(asked) {
  const there = asked.filter(inside);
  const names = (there.length ? there : asked).map((leg) => [leg.name || leg.role_label, leg.number_masked].filter(Boolean).join(" ")).join("、");
  return there.length ? givenTo(names) : `正在转给 ${names}：${asked[0].label}`;
}
function byWhom() {
  const who = desk.room.legs.find((leg) => leg.seat_id === desk.room.seat_id);
  const name = who?.name || `${desk.room.seat_id}号席`;
  if (legOf("caller").state === "joined" && desk.room.legs.some((leg) => leg.seat_id === desk.seat?.id && leg.state === "held")) return `${name} 正与来电通话，请稍候`;
  return desk.seat?.bridge_id === desk.room.id ? `${name} 请您协助这通来电` : givenTo(name);
}
function lineOf(caller, asked) {
  const waits = aside()[0];
  if (caller.state !== "held" && waits) return `您与来电通话中 · ${waits.name || waits.role_label} 听音乐 ${clock(sinceSeconds(waits.since))}`;
  if (caller.state !== "held") return asked.length ? "来电在通话中" : "您与来电通话中";
  const music = `来电群众 听音乐 ${clock(sinceSeconds(caller.since))}`;
  if (asked.some(inside)) return `${music} · 您与 ${asked.find(inside).name || asked.find(inside).role_label} 通话中`;
  if (asked.length) return music;
  const last = desk.room.legs.findLast((leg) => leg.role !== "caller" && leg.seat_id !== desk.room.seat_id);
  tellOnce(last);
  return `${music} · ${last ? `${last.name || last.role_label}${FAILED[last.state] ?? "没有接通"}，请接回来电` : "请接回来电"}`;
}
// Who waits for an answer may be looking elsewhere: it is heard too
function tellOnce(leg) {
  const failure = leg && `${leg.id} ${leg.attempt} ${leg.state}`;
  if (!failure || failure === toldOf) return;
  toldOf = failure;
  beep();
}
export function tickRoom() {
  const place = document.querySelector("[data-testid=room-line]");
  const caller = legOf("caller");
  if (place && (caller?.state === "held" || aside().length)) say(place, lineOf(caller, others()));
}
