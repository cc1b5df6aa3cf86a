// Facts as they happen; the browser sends Last-Event-ID when it connects again.
import { byId } from "./api.js";

export function listen(onFact, onReload) {
  const banner = byId("banner-link");
  let source;
  let lostAt = 0;
  let ticker;
  let begun = false;
  const lost = () => {
    if (lostAt) return;
    lostAt = Date.now();
    ticker = setInterval(() => {
      const seconds = Math.round((Date.now() - lostAt) / 1000);
      if (seconds >= 1) {
        banner.hidden = false;
        banner.textContent = `与服务器的连接中断 ${seconds} 秒，正在恢复；电话仍可接听`;
      }
    }, 500);
  };
  const found = () => {
    const gap = lostAt && Date.now() - lostAt > 1500;
    lostAt = 0;
    clearInterval(ticker);
    banner.hidden = true;
    // The first opening too: facts between the page's own look and this moment were told to nobody
    if (gap || !begun) onReload();
    begun = true;
  };
  const open = () => {
    source = new EventSource("/api/stream");
    source.onopen = found;
    source.onerror = () => {
      lost();
      if (source.readyState === EventSource.CLOSED) { begun = false; setTimeout(open, 1000); }
    };
    for (const kind of KINDS) source.addEventListener(kind, (event) => onFact(kind, JSON.parse(event.data)));
    source.addEventListener("reload", () => {
      // A new source forgets the old Last-Event-ID; with it the server would answer "reload" for ever
      source.close();
      begun = false;
      setTimeout(open, 250);
    });
  };
  open();
}
const KINDS = ["CallArrived", "CallQueued", "SeatOffered", "SeatMissed", "CallAnswered", "CallHeld", "CallResumed", "SeatLegLost", "MessageStarted", "MessageLeft", "CallEnded", "CallReconciled", "SeatTakenBy", "DutyStarted", "SeatPaused", "SeatUnpaused", "SeatWished", "WrapUpExtended", "SeatPhoneOnline", "SeatPhoneOffline", "SeatRang", "SeatTalked", "SeatMissedRing", "SeatFreed", "SeatLeft", "SeatReconciled", "RecordingReady", "UtteranceGuessed", "UtteranceSettled", "TranscriptFinalised", "TranscriptionFailed", "TicketChanged", "LinkChanged", "EngineChanged"];
