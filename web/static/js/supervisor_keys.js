// What a shift leader may order, by button and by key; each order stays grey until its fact has come.
import { byId, post } from "./api.js";
import { DeviceDialog } from "./devices.js";
import { bind, note } from "./keys.js";
import { allow, begin, during, look, word } from "./pending.js";
import { lead, mine, onDraw, problem, seatRow, select } from "./supervisor_desk.js";
import { deviceChanged } from "./supervisor_phone.js";
import { runningRoom, staying } from "./supervisor_room.js";

const MODES = [["listen", "F1", "监听：只听，双方听不到您", "listening"], ["whisper", "F3", "耳语：只有话务员听得到您", "whispering"], ["barge", "F6", "插话：三方都听得到", "barged"], ["take_over", "F4", "接管：您与群众通话，话务员退出", "taken_over"]];
const SAYS = { listen: "正在监听…", whisper: "正在耳语…", barge: "正在插话…", take_over: "正在接管…" };
const LEAVE_MS = 5000;

export function mountKeys() {
  for (const [mode, key, words, state] of MODES) {
    byId(mode).onclick = () => order(mode, state);
    bind(key, mode, words);
  }
  byId("end").onclick = () => during("end", "正在结束…", "交换机确认", () => tried(() => leave()));
  byId("give-back").onclick = () => confirm("群众回到排队最前面，由下一位话务员接听；您退出这通电话。确定吗？") && during("give-back", "正在退回…", "交换机确认", () => tried(() => leave({ give_back: true })));
  byId("mute").onclick = () => lead.phone?.toggleMute();
  bind("F2", "mute", "静音 / 取消静音（自己的话筒）");
  bind("F8", "end", "结束监听；接管的通话随之结束");
  bind("Alt+G", "give-back", "接管的来电：退回排队最前面");
  forceKeys();
  const devices = new DeviceDialog(() => lead.phone?.stream, deviceChanged);
  byId("devices-open").onclick = () => devices.open();
  bind("Alt+H", "devices-open", "耳机：选择话筒和扬声器");
  bind("Alt+L", "logout", "退出登录");
  for (const number of [1, 2, 3, 4, 5]) bind(String(number), `seat-${number}`, "");
  note("1–5 ↑ ↓", "选坐席");
  byId("seats").addEventListener("keydown", (event) => {
    const count = lead.view?.seats.length ?? 0;
    const to = { ArrowDown: lead.selected + 1, ArrowUp: lead.selected - 1, Home: 1, End: count }[event.key];
    if (to === undefined || to < 1 || to > count) return;
    event.preventDefault();
    select(to);
  });
  onDraw(drawKeys);
}
async function tried(work) {
  problem();
  try { await work(); await lead.refresh(); } catch (error) { problem(error); await lead.refresh().catch(() => {}); throw error; }
}
// Ends what is and waits until Asterisk says that it is over
async function leave(how) {
  await post("/api/supervision/end", how);
  const until = Date.now() + LEAVE_MS;
  do { await lead.refresh(); } while (mine() && Date.now() < until && await new Promise((go) => { setTimeout(go, 150, true); }));
}
async function order(mode, state) {
  const seat = seatRow();
  if (mode === "take_over" && !await agreed(seat)) return;
  let failed = false;
  let ordered = false;
  const reached = () => mine()?.state === state && mine().seat_id === seat.id;
  begin(mode, { says: SAYS[mode], waitsFor: "交换机确认", done: () => failed || reached() || (ordered && !mine()), after: drawKeys });
  const work = async () => {
    if (mine() && mine().seat_id !== seat.id) await leave();
    await post("/api/supervision", { seat: seat.id, mode });
    ordered = true;
  };
  tried(work).catch(() => { failed = true; look(); });
}
let asking = false; // who stays is looked up first: a key pressed twice is one question
async function agreed(seat) {
  if (asking) return false;
  asking = true;
  try { return confirm(await warning(seat)); } finally { asking = false; }
}
// In a conference the others stay, and it is the leader's from then on
async function warning(seat) {
  const who = seat.operator?.name ?? "话务员";
  const room = await runningRoom(seat.call?.id).catch(() => null);
  if (room?.kind !== "emergency") return `接管后，${who} 立即退出这通电话，群众与您通话，直到您或群众挂断。确定吗？`;
  return `接管后，您先进入会议，${who} 随即退出去整理；${staying(room)} 不断线，继续与您通话。静音、移出、重拨、结束会议都由您操作。确定吗？`;
}
// Only one leader takes a call over; from the order on, also while the other's telephone only rings
const otherTakes = (callId) => callId && lead.view.seats.flatMap(({ ears }) => ears).find((ear) => ear.wanted === "take_over" && ear.call_id === callId && ear.account_id !== lead.me.id);
function drawKeys() {
  const seat = seatRow();
  const ear = mine();
  const talking = Boolean(seat?.call?.id) && ["talking", "held"].includes(seat.call.state);
  const elsewhere = ear?.state === "taken_over";
  const ready = Boolean(lead.phone?.agent.isRegistered());
  const other = otherTakes(ear?.seat_id === seat?.id ? ear.call_id : seat?.call?.id);
  for (const [mode, , , state] of MODES) {
    const here = ear?.seat_id === seat?.id && ear?.state === state;
    // Who is in a conference already takes it over also when its seat has left
    const inside = mode === "take_over" && ear?.state === "barged" && ear.seat_id === seat?.id;
    const theirs = mode === "take_over" && Boolean(other);
    allow(mode, (talking || inside) && ready && !elsewhere && !here && !theirs);
    byId(mode).setAttribute("aria-pressed", String(here));
  }
  byId("take_over").title = other ? `${other.who} 正在接管这通电话` : "";
  allow("end", Boolean(ear));
  word("end", elsewhere ? "挂断" : "结束");
  byId("give-back").hidden = !elsewhere;
  byId("take_over").hidden = elsewhere; // one place for both: the row stays a row
  allow("give-back", elsewhere);
  // Signed out he would talk on without a key to end or give back the call
  byId("logout").disabled = elsewhere;
  byId("logout").title = elsewhere ? "先结束或退回接管的来电，再退出登录" : "";
  allow("mute", Boolean(lead.phone?.inCall));
  word("mute", lead.phone?.muted ? "取消静音" : "静音");
  byId("mute").setAttribute("aria-pressed", String(Boolean(lead.phone?.muted)));
  const taken = Boolean(seat?.operator);
  allow("force-pause", taken && !["empty", "checking", "paused"].includes(seat.state));
  allow("force-off", taken);
  byId("whom").textContent = seat ? `对 ${seat.id}号席 ${seat.operator?.name ?? "（无人）"}` : "";
}
function forceKeys() {
  const dialog = byId("force");
  const show = (verb) => {
    const seat = seatRow();
    dialog.dataset.verb = verb;
    dialog.dataset.seat = seat.id;
    byId("force-title").textContent = `${verb === "pause" ? "强制暂停" : "强制签出"} ${seat.id}号席 ${seat.operator?.name ?? ""}`;
    byId("force-says").textContent = ["talking", "ringing"].includes(seat.state) ? "通话结束后执行；话务员会看到您写的原因。" : "立即执行；话务员会看到您写的原因。";
    byId("force-reason-part").hidden = verb !== "pause";
    byId("force-problem").textContent = "";
    byId("force-form").reset();
    dialog.showModal();
    byId("force-why").focus();
  };
  byId("force-pause").onclick = () => show("pause");
  byId("force-off").onclick = () => show("sign-off");
  byId("force-cancel").onclick = () => dialog.close();
  byId("force-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const { verb, seat } = dialog.dataset;
    const why = byId("force-why").value.trim();
    byId("force-problem").textContent = "";
    byId("force-do").disabled = true;
    try {
      await post(`/api/seats/${seat}/${verb}`, verb === "pause" ? { reason: byId("force-reason").value, why } : { reason: why });
      dialog.close();
      await lead.refresh();
    } catch (error) { byId("force-problem").textContent = error.message; } finally { byId("force-do").disabled = false; }
  });
  bind("Alt+P", "force-pause", "强制暂停选中的坐席（写原因）");
  bind("Alt+X", "force-off", "强制签出选中的坐席（写原因）");
}
