// The telephone of the seat: microphone, registration, ringing, mute warning, quality of the line.
import { byId, get, grouped, say } from "./api.js";
import { desk, onBoard, problem, refreshSoon, tell } from "./desk.js";
import { openMicrophone, useSpeaker } from "./devices.js";
import { watchQuality } from "./quality.js";
import { drawQuality } from "./seat_bar.js";
import { Softphone, whyFailed } from "./softphone.js";
import { audio, startRing, stopRing, stopStream, watchLevel } from "./sound.js";

const LOUD = 0.02;
const LOUD_TIMES = 4;
const HEARD_WITHIN_MS = 40_000; // a goodbye is sent again for 32 s
const UNSAID = "goodbye-unsaid"; // the call that was hung up without Asterisk hearing of it; outlives a reload
let leaving = false;
let hungUp = null; // { callId, at }
const phones = { seatId: null, starting: null, stopMute: null, stopQuality: null };
export const microphone = () => (desk.phone?.stream?.active ? desk.phone.stream : null);

export function mountPhone() {
  onBoard(() => { endDead(); drop(); if (desk.seat && (!desk.phone || lostMicrophone())) ensurePhone(); });
  navigator.mediaDevices?.addEventListener("devicechange", () => { if (desk.phone && !microphone()) ensurePhone(); });
  addEventListener("beforeunload", (event) => { if (desk.phone?.inCall && !leaving) event.preventDefault(); });
  addEventListener("pagehide", () => { stopStream(desk.phone?.stream); });
}
// Unplugged in use; one that was never allowed is asked for only by a press
const lostMicrophone = () => Boolean(desk.phone?.stream) && !desk.phone.stream.active;
export function ensurePhone() {
  phones.starting ??= start().catch(problem).finally(() => { phones.starting = null; });
  return phones.starting;
}
async function start() {
  const { phone, seat } = desk;
  if (phone?.stream?.active || !seat) return;
  let stream = null;
  try { stream = await openMicrophone(); byId("mic-problem").textContent = ""; } catch (error) { byId("mic-problem").textContent = error.message; }
  if (phone) { if (stream) await changeMicrophone(stream); return; }
  const account = await get("/api/seats/mine/sip");
  if (desk.seat?.id !== seat.id) return stopStream(stream);
  const made = new Softphone(account, byId("remote"), stream);
  desk.phone = made;
  phones.seatId = seat.id;
  listenTo(made);
  await useSpeaker(byId("remote"));
  watchSound();
  watchMute();
  made.start();
  tell("phone");
}
export function hangUp() {
  const { phone } = desk;
  if (!phone?.session) return;
  hungUp = { callId: phone.callId, at: Date.now() };
  const lost = phone.inCall && !phone.agent.isConnected();
  phone.hangUp();
  if (lost) keepGoodbye();
}
// Asterisk will bring the caller back to this seat by itself: the wish must last until then
function keepGoodbye() {
  if (!hungUp?.callId || Date.now() - hungUp.at > HEARD_WITHIN_MS) return;
  sessionStorage.setItem(UNSAID, hungUp.callId);
  hungUp = null;
  say(byId("call-note"), "话机连接中断，挂断还没有送到：恢复后自动挂断这通来电");
}
function wasHungUp({ callId, resume }) {
  if (!resume || !callId || sessionStorage.getItem(UNSAID) !== callId) return false;
  sessionStorage.removeItem(UNSAID);
  return true;
}
function listenTo(phone) {
  const on = (name, listener) => phone.addEventListener(name, (event) => { if (desk.phone === phone) { listener(event); tell("phone"); } });
  on("registered", drawState);
  on("unregistered", () => { drawState(); if (!phone.agent.isConnected()) keepGoodbye(); });
  on("incoming", ({ detail }) => {
    if (detail.own) return; // ordered here, and picked up by itself
    if (wasHungUp(detail)) return phone.endAtOnce();
    desk.incoming = detail;
    if (!detail.resume) startRing();
    notify(detail);
    tell("call");
  });
  const going = () => {
    if (!phone.inCall) return;
    stopRing();
    desk.incoming = null;
    phones.stopQuality ??= phone.connection && watchQuality(phone.connection, (found) => drawQuality(phone.held ? null : found));
  };
  on("talking", going);
  on("changed", going);
  on("over", () => {
    if (phone.failure) say(byId("call-note"), `来电没有接成：${whyFailed(phone.failure)}`);
    stopRing();
    desk.incoming = null;
    phones.stopQuality?.();
    phones.stopQuality = null;
    refreshSoon();
  });
}
function drawState() {
  const place = byId("phone-state");
  const trouble = !desk.phone.agent.isRegistered() ? "⚠ 话机未连接" : microphone() ? "" : "⚠ 没有话筒";
  place.dataset.level = trouble ? "bad" : "good";
  say(place, trouble || "话机就绪");
}
// This page is no longer the seat's: off with its telephone, without a word to who would leave a call. Under a call it
// is not stopped, for JsSIP would say goodbye to the citizen: it goes with the page, and the call comes to the new one
export function letGo() {
  leaving = true;
  if (desk.phone?.inCall) return;
  desk.phone?.stop();
  stopStream(desk.phone?.stream);
}
// Chrome gives no sound to a page that was not touched since it was loaded: a ring would not be heard
function watchSound() {
  const here = audio();
  const draw = () => { byId("sound-unlock").hidden = here.state === "running"; };
  here.addEventListener("statechange", draw);
  for (const touch of ["pointerdown", "keydown"]) addEventListener(touch, () => here.state === "suspended" && here.resume());
  draw();
}
// Asterisk died without a goodbye: JsSIP would keep the dead call, and refuse the next one, until ICE gives up
function endDead() {
  const { phone, seat } = desk;
  if (phone?.broken && phone.inCall && phone.agent.isRegistered() && (!seat?.call_id || seat.state === "wrap_up")) phone.hangUp();
}
// A seat left by wish, by a shift leader or for another seat: its account must not stay registered here
function drop() {
  if (!desk.phone || desk.phone.session || phones.seatId === desk.seat?.id) return;
  phones.stopMute?.();
  desk.phone.stop();
  stopStream(desk.phone.stream);
  Object.assign(phones, { seatId: null, stopMute: null });
  desk.phone = null;
  byId("phone-state").dataset.level = "";
  say(byId("phone-state"), "话机未连接");
}
function notify(detail) {
  if (document.hidden && "Notification" in window && Notification.permission === "granted") new Notification("来电", { body: grouped(detail.number ?? "") });
}
function watchMute() {
  phones.stopMute?.();
  const { phone } = desk;
  // A copy: the call's own track is silent while muted
  const copy = phone.stream?.clone();
  if (!copy) return;
  let loud = 0;
  const stop = watchLevel(copy, (level) => {
    loud = phone.muted && level > LOUD ? loud + 1 : Math.max(0, loud - 1);
    byId("muted").hidden = !(phone.muted && loud > LOUD_TIMES);
  });
  phones.stopMute = () => { stop(); stopStream(copy); };
}
async function changeMicrophone(stream) {
  const before = desk.phone.stream;
  await desk.phone.useMicrophone(stream);
  stopStream(before);
  watchMute();
  drawState();
  tell("phone");
}
export async function deviceChanged(kind) {
  if (kind === "audiooutput") return useSpeaker(byId("remote"));
  if (!desk.phone) return;
  try { await changeMicrophone(await openMicrophone()); } catch (error) { byId("device-problem").textContent = error.message; }
}
