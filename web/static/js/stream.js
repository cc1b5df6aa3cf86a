// Facts as they happen; the browser sends Last-Event-ID when it connects again.
import { byId, get } from "./api.js";

const QUIET_MS = 2000; // the server ends each connection after ten minutes: such a gap is nobody's business
const PLANNED_MS = 5000; // and the browser may take its own time to come back, if the server names none
const LOOK_AGAIN_MS = 15_000; // a half-open connection says nothing; a look at the board notices
const AGAIN_MS = 1000;
const AGAIN_AT_MOST_MS = 15_000;

export function listen(onFact, onReload, moreKinds = []) {
  const banner = byId("banner-link");
  let source;
  let lostAt = 0;
  let reopening;
  let planned = false;
  let pause = AGAIN_MS;
  const lost = () => { lostAt ||= Date.now() + (planned ? PLANNED_MS : 0); };
  const found = () => {
    planned = false;
    if (lostAt && banner.dataset.for === "stream") banner.hidden = true;
    lostAt = 0;
  };
  setInterval(() => {
    if (!lostAt || Date.now() - lostAt < QUIET_MS) return;
    banner.dataset.for = "stream";
    banner.hidden = false;
    banner.textContent = `与服务器的连接中断 ${Math.round((Date.now() - lostAt) / 1000)} 秒，正在恢复；电话仍可接听，画面可能不是最新`;
  }, 500);
  const reload = () => Promise.resolve(onReload()).then(() => source.readyState === EventSource.OPEN && found(), lost);
  const again = (wait_ms) => { clearTimeout(reopening); source.close(); reopening = setTimeout(open, wait_ms); };
  // Refused, not cut off. A page past its session would be for ever: any other question leads it to signing in
  const refused = async () => {
    await get("/api/me").catch(() => {});
    again(pause);
    pause = Math.min(2 * pause, AGAIN_AT_MOST_MS);
  };
  function open() {
    source = new EventSource("/api/stream");
    // At every opening: facts that are not stored, and those before the first opening, were told to nobody
    source.onopen = () => { pause = AGAIN_MS; found(); reload(); };
    source.onerror = () => { lost(); if (source.readyState === EventSource.CLOSED) refused(); };
    for (const kind of new Set([...KINDS, ...moreKinds])) source.addEventListener(kind, (event) => onFact(kind, JSON.parse(event.data)));
    // A new source forgets the old Last-Event-ID; with it the server would answer "reload" for ever
    source.addEventListener("reload", () => again(250));
    source.addEventListener("reconnect", () => { planned = true; });
  }
  setInterval(reload, LOOK_AGAIN_MS);
  addEventListener("offline", lost);
  addEventListener("online", reload);
  open();
}

// The control link to Asterisk, in the same banner, whenever the stream itself is well
export function showLink(link) {
  const banner = byId("banner-link");
  if (banner.dataset.for === "stream" && !banner.hidden) return;
  banner.dataset.for = "link";
  banner.hidden = link.state === "up";
  if (link.state !== "up") banner.textContent = link.state === "syncing" ? "话务控制正在对账，几秒后恢复；电话仍可接听" : "话务控制连接中断，正在恢复；电话仍可接听和录音";
}

export function showEngine(engine) {
  const banner = byId("banner-engine");
  banner.hidden = engine.available && !engine.stand_in;
  const waiting = engine.reason === "loading" || engine.reason === "starting";
  banner.textContent = engine.available ? "演示：韩语模型代替，仅验证通路，文字不可信" : waiting ? "转写正在载入…" : "转写未启用，请手工记录";
}

// For who leads: an operator at a seat can do nothing about it
export function showDisk(disk) {
  const banner = byId("banner-disk");
  banner.hidden = !disk.low;
  banner.textContent = disk.text;
}

const KINDS = [
  "CallArrived", "CallQueued", "SeatOffered", "SeatMissed", "CallAnswered", "CallHeld", "CallResumed", "SeatLegLost",
  "CallRouted", "EmergencyKeyPressed", "CallTurnedAway", "OwnSeatOffered", "OwnSeatPassed",
  "MessageStarted", "MessageLeft", "CallEnded", "CallReconciled", "SeatTakenBy", "DutyStarted", "SeatPaused",
  "SeatUnpaused", "SeatWished", "WrapUpExtended", "SeatPhoneOnline", "SeatPhoneOffline", "SeatRang", "SeatTalked",
  "SeatMissedRing", "SeatRungForRoom", "SeatJoinedRoom", "SeatLeftRoom", "CallTransferred", "CallRequeued", "SeatFreed", "SeatLeft", "SeatReconciled", "RecordingReady", "UtteranceGuessed", "UtteranceSettled",
  "TranscriptFinalised", "TranscriptionFailed", "TicketChanged", "LinkChanged", "EngineChanged",
];
