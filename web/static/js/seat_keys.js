// What an operator may order, by button and by key; each order stays grey until its fact has come.
import { byId, make } from "./api.js";
import { act, desk, onBoard, orderSeat, talk } from "./desk.js";
import { DeviceDialog } from "./devices.js";
import { bind, note } from "./keys.js";
import { allow, begin, during, word } from "./pending.js";
import { deviceChanged, hangUp } from "./seat_phone.js";
import { bindTicketKeys } from "./ticket_keys.js";

const SWITCHBOARD = "交换机确认";
const isHeld = () => talk()?.state === "held";

export function mountKeys() {
  callKeys();
  seatKeys();
  digitKeys();
  const devices = new DeviceDialog(() => desk.phone?.stream, deviceChanged);
  for (const id of ["devices-open", "check-devices"]) byId(id).onclick = () => devices.open();
  bind("Alt+L", "logout", "退出登录（先下班）");
  bind("Alt+G", "tickets-open", "在新页面打开工单列表");
  bind("Alt+H", "devices-open", "耳机：选择话筒和扬声器");
  bindTicketKeys();
  onBoard(drawSeatKeys);
}
function callKeys() {
  const gone = () => !desk.phone?.session;
  const on = (id, act) => { byId(id).onclick = act; };
  on("answer", () => {
    begin("answer", { says: "正在接听…", waitsFor: SWITCHBOARD + "接听", done: () => gone() || (desk.phone.inCall && desk.seat?.state === "talking"), after: drawKeys });
    desk.phone?.answer();
  });
  on("mute", () => desk.phone?.toggleMute());
  on("hold", () => {
    const wanted = !isHeld();
    begin("hold", { says: wanted ? "正在保持…" : "正在恢复…", waitsFor: SWITCHBOARD + (wanted ? "保持" : "恢复"), done: () => gone() || isHeld() === wanted, after: drawKeys });
    desk.phone?.setHold(wanted);
  });
  on("hangup", () => {
    begin("hangup", { says: "正在挂断…", waitsFor: SWITCHBOARD + "挂断", done: () => gone() && !["ringing", "talking"].includes(desk.seat?.state), after: drawKeys });
    hangUp();
  });
  for (const [key, id, words] of [["F1", "answer", "接听"], ["F2", "mute", "静音 / 取消静音"], ["F3", "hold", "保持 / 恢复"], ["F6", "keypad", "拨号键盘（打开后直接按数字）"], ["F8", "hangup", "挂断 / 拒接"]]) bind(key, id, words);
}
export function drawKeys() {
  const { phone } = desk;
  const talking = Boolean(phone?.inCall);
  allow("answer", Boolean(desk.incoming));
  for (const id of ["mute", "keypad"]) allow(id, talking);
  allow("hold", talking && !desk.seat?.bridge_id); // in a room the others would hear nothing; the caller is held by seat_transfer.js
  allow("hangup", Boolean(phone?.session));
  word("mute", phone?.muted ? "取消静音" : "静音");
  byId("mute").setAttribute("aria-pressed", String(Boolean(phone?.muted)));
  word("hold", isHeld() ? "恢复" : "保持");
  byId("hold").setAttribute("aria-pressed", String(isHeld()));
  word("hangup", desk.incoming && !talking ? "拒接" : "挂断");
  if (!talking) { byId("digits").hidden = true; byId("muted").hidden = true; }
}
function seatKeys() {
  const order = (id, says, waitsFor, work) => { byId(id).onclick = () => during(id, says, waitsFor, () => act(work)); };
  byId("pause").onclick = () => byId("pause-dialog").showModal();
  byId("pause-cancel").onclick = () => byId("pause-dialog").close();
  order("resume", "正在恢复…", SWITCHBOARD + "就绪", () => orderSeat("resume"));
  order("wish", "正在取消…", "服务器答复", () => orderSeat("resume")); // while a wish stands this takes it back
  order("wrap-finish", "正在就绪…", SWITCHBOARD + "就绪", async () => { await desk.ticket.save(); await orderSeat("wrap-up/finish"); });
  order("wrap-extend", "正在延长…", "服务器答复", () => orderSeat("wrap-up/extend", { seconds: 60 }));
  order("sign-off", "正在下班…", SWITCHBOARD + "离席", async () => { await desk.ticket.save(); await orderSeat("sign-off", {}); });
  bind("Alt+P", "pause", "暂停（选原因）");
  bind("Alt+J", "wish", "取消“通话后暂停/下班”");
  bind("Alt+J", "resume", "恢复就绪");
  bind("Alt+J", "wrap-finish", "整理完毕，就绪");
  bind("Alt+Y", "wrap-extend", "整理时间延长 1 分");
  bind("Alt+X", "sign-off", "下班");
  for (const number of [1, 2, 3, 4, 5]) bind(String(number), `tile-${number}`, "");
  note("1–5", "选坐席；暂停时选原因");
}
function drawSeatKeys() {
  const state = desk.seat?.state;
  byId("resume").hidden = state !== "paused";
  byId("wrap-finish").hidden = byId("wrap-extend").hidden = state !== "wrap_up";
  byId("pause").hidden = state === "paused";
  // Without its page a seat would go on ringing where nobody is
  byId("logout").disabled = Boolean(desk.seat);
  byId("logout").title = desk.seat ? "先下班，再退出登录" : "";
  drawKeys();
}
// The lists of reasons come with the reference data
export function fillPauseReasons(reasons) {
  byId("pause-reasons").replaceChildren(...reasons.map((reason, index) => {
    const id = `pause-${reason.key}`;
    const button = make("button", reason.label, { class: "btn", id, type: "button", "data-testid": `pause-reason-${reason.key}` });
    button.append(make("kbd", String(index + 1)));
    button.onclick = () => { byId("pause-dialog").close(); during("pause", "正在暂停…", SWITCHBOARD + "暂停", () => act(() => orderSeat("pause", { reason: reason.key }))); };
    bind(String(index + 1), id, "");
    return button;
  }));
}
function digitKeys() {
  const pad = byId("digits");
  const send = (key) => { desk.phone?.digit(key); byId("digits-sent").textContent += key; };
  byId("keypad").onclick = () => {
    pad.hidden = !pad.hidden;
    byId("digits-sent").textContent = "";
    byId("keypad").setAttribute("aria-expanded", String(!pad.hidden));
    if (!pad.hidden) byId("digit-keys").firstChild.focus();
  };
  for (const key of "123456789*0#") {
    const button = make("button", key, { class: "btn", type: "button", "data-testid": `dtmf-${key}`, "aria-label": `按键 ${key}` });
    button.onclick = () => send(key);
    byId("digit-keys").append(button);
  }
  pad.addEventListener("keydown", (event) => {
    if (/^[0-9*#]$/.test(event.key)) { event.preventDefault(); event.stopPropagation(); send(event.key); }
    if (event.key === "Escape") byId("keypad").click();
  });
}
