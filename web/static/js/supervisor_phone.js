// The leader's own telephone: lent while this page is open, picks up by itself when Asterisk calls it.
import { ask, byId, get, post, say } from "./api.js";
import { openMicrophone, useSpeaker } from "./devices.js";
import { Softphone } from "./softphone.js";
import { audio, stopStream } from "./sound.js";
import { draw, lead, mine, problem } from "./supervisor_desk.js";

const AGAIN_MS = 5000;
let keeping;
let beginning = null;
let again;
let leaving = false;

export function mountPhone() {
  navigator.mediaDevices?.addEventListener("devicechange", () => { if (lead.phone && !lead.phone.stream?.active) begin(); });
  addEventListener("beforeunload", (event) => { if (lead.phone?.inCall && !leaving) event.preventDefault(); });
  // Whoever goes on at another page has the telephone lent there
  addEventListener("pagehide", () => { if (!leaving) ask("POST", "/api/supervision/release").catch(() => {}); stopStream(lead.phone?.stream); });
  for (const touch of ["pointerdown", "keydown"]) addEventListener(touch, () => audio().state === "suspended" && audio().resume());
  begin();
}
// One at a time: a headset that is plugged in again is told of more than once
function begin(anew = false) {
  beginning ??= start(anew).finally(() => { beginning = null; });
  return beginning;
}
async function start(anew) {
  clearTimeout(again);
  try {
    // Whoever has a telephone needs the microphone alone: another telephone would end the call of this one
    if (lead.phone && !anew) return await changeMicrophone();
    // A call that this page's forerunner had taken over: its sound went with that page, the caller is brought to a seat
    if (mine()?.state === "taken_over" && !lead.phone) await post("/api/supervision/end", { give_back: true });
    const stream = await openMicrophone();
    const account = await get("/api/supervision/sip");
    lead.phone?.stop();
    stopStream(lead.phone?.stream);
    const phone = new Softphone(account, byId("remote"), stream);
    lead.phone = phone;
    for (const name of ["registered", "unregistered", "incoming", "talking", "changed", "over"]) phone.addEventListener(name, () => { drawPhone(); draw(); });
    await useSpeaker(byId("remote"));
    phone.start();
    clearInterval(keeping);
    keeping = setInterval(keep, account.keep_s * 1000);
  } catch (error) {
    say(byId("lead-phone"), `⚠ ${error.message}`);
    byId("lead-phone").dataset.level = "bad";
    again = setTimeout(begin, AGAIN_MS, anew);
  }
}
// A laptop that slept may have lost the phone to another leader
async function keep() {
  try { await post("/api/supervision/keep"); } catch (error) { if (error.code === "lead-phone-lost" && !lead.phone?.session) begin(true); }
}
function drawPhone() {
  const here = lead.phone?.agent.isRegistered();
  const place = byId("lead-phone");
  place.dataset.level = here ? "good" : "bad";
  say(place, !here ? "⚠ 话机未连接" : lead.phone.inCall ? "话机通话中" : "话机就绪");
}
// Whom this leader has taken over hears no goodbye: the new page gives that call back to a seat. An ear ends at once
export function letGo() {
  leaving = true;
  clearInterval(keeping);
  clearTimeout(again);
  const ear = mine();
  if (lead.phone?.inCall && (ear?.state === "taken_over" || ear?.wanted === "take_over")) return;
  lead.phone?.stop();
  stopStream(lead.phone?.stream);
}
export async function deviceChanged(kind) {
  if (kind === "audiooutput") return useSpeaker(byId("remote"));
  if (!lead.phone) return;
  try { await changeMicrophone(); } catch (error) { problem(error); byId("device-problem").textContent = error.message; }
}
async function changeMicrophone() {
  const { phone } = lead;
  const stream = await openMicrophone();
  const before = phone.stream;
  await phone.useMicrophone(stream);
  stopStream(before);
  drawPhone();
}
