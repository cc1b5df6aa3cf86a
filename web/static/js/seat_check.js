// Choosing a seat, and the headset check: the microphone meter runs from the first moment and stops when we leave.
import { byId, make, post, say } from "./api.js";
import { act, desk, onBoard, orderSeat } from "./desk.js";
import { during } from "./pending.js";
import { drawLevel, echo, tryRing, watchLevel } from "./sound.js";
import { ensurePhone, microphone } from "./seat_phone.js";

const HEARD = 0.01;
const check = { passed: false, heard: false, watched: null, stop: null, stopEcho: null };

export function mountCheck() {
  onBoard(draw);
  byId("check-ring").onclick = () => tryRing();
  byId("check-echo").onclick = () => { check.stopEcho?.(); if (microphone()) check.stopEcho = echo(microphone(), 5); };
  byId("check-pass").onclick = pass;
  byId("check-leave").onclick = () => act(() => orderSeat("sign-off", {}));
  byId("start-duty").onclick = () => during("start-duty", "正在加入话务…", "交换机确认坐席", () => act(() => orderSeat("start")));
  byId("mic-retry").onclick = () => ensurePhone().then(watch);
}
function draw() {
  const { seat } = desk;
  const checking = seat?.state === "checking";
  byId("choose").hidden = Boolean(seat);
  byId("check").hidden = !checking;
  byId("console").hidden = !seat || checking;
  byId("duty-keys").hidden = !seat || checking;
  if (!seat) drawTiles();
  if (!checking) return leave();
  watch();
  drawCheck();
}
function drawTiles() {
  const focused = document.activeElement?.dataset?.testid;
  byId("tiles").replaceChildren(...desk.board.seats.map((seat) => {
    const tile = make("button", null, { class: "tile", id: `tile-${seat.id}`, type: "button", "data-testid": `seat-tile-${seat.id}` });
    tile.append(make("b", `${seat.id} 号`), make("span", seat.operator ? `${seat.operator.name} · ${seat.label}` : "空席"), make("kbd", String(seat.id)));
    tile.disabled = Boolean(seat.operator);
    tile.onclick = () => act(() => post(`/api/seats/${seat.id}/take`, { phone: "seat" }));
    return tile;
  }));
  if (focused?.startsWith("seat-tile")) document.querySelector(`[data-testid=${focused}]`)?.focus();
  const full = desk.board.seats.every((seat) => seat.operator);
  say(byId("choose-hint"), full ? "五个坐席都有人：请等同事下班，或请班长协助签退" : "点一个空席，或按它的数字键");
}
// A meter on the open microphone; another one after the device was changed
function watch() {
  const stream = microphone();
  if (stream === check.watched) return;
  check.stop?.();
  check.watched = stream;
  check.heard = false;
  const show = drawLevel(byId("mic-meter"));
  check.stop = stream && watchLevel(stream, (level) => { show(level); if (level > HEARD && !check.heard) { check.heard = true; drawCheck(); } });
}
function leave() {
  check.stop?.();
  check.stopEcho?.();
  Object.assign(check, { passed: false, heard: false, watched: null, stop: null, stopEcho: null });
}
async function pass() {
  byId("mic-problem").textContent = "";
  if (!microphone()) await ensurePhone();
  watch();
  if ("Notification" in window && Notification.permission === "default") Notification.requestPermission();
  check.passed = Boolean(microphone());
  drawCheck();
}
export function drawCheck() {
  const ready = Boolean(desk.phone?.agent.isRegistered());
  say(byId("mic-heard"), check.heard ? "✓ 听到声音" : microphone() ? "请说一句话" : "");
  byId("mic-retry").hidden = Boolean(microphone());
  say(byId("check-pass").querySelector(".label"), check.passed ? "✓ 检查通过" : "铃声、话筒、回声都正常");
  byId("check-pass").disabled = !check.heard;
  byId("start-duty").disabled = !(check.passed && ready);
  say(byId("check-waits"), check.passed && !ready ? "话机正在连接交换机…" : "");
}
