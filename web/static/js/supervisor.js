// The shift leader's page: five seats live, an ear at any of them, the day as timelines, words to everybody.
import { ask, byId, get, inOrder, whenSignedOut } from "./api.js";
import { CALLBACK_FACTS, callbackNews, mountCallbackList, showCallbackCounts } from "./callback_list.js";
import { mountHelp } from "./keys.js";
import { open } from "./page.js";
import { beTheOne } from "./seat_one.js";
import { listen, showDisk, showEngine, showLink } from "./stream.js";
import { mountCalls, refreshCalls } from "./supervisor_calls.js";
import { drawLocks } from "./supervisor_locks.js";
import { draw, lead, problem, reached, tick, tookNews } from "./supervisor_desk.js";
import { mountKeys } from "./supervisor_keys.js";
import { drawNotes, mountNotes } from "./supervisor_notes.js";
import { letGo, mountPhone } from "./supervisor_phone.js";
import { mountRoom, ROOM_FACTS, roomNews } from "./supervisor_room.js";
import { mountWords, readWords, WORD_FACTS, wordNews } from "./supervisor_words.js";

const PATIENCE_MS = 8000;
const FACTS = ["SupervisionOrdered", "LeaderRang", "LeaderListened", "LeaderWhispered", "LeaderBarged", "LeaderTookOver", "SupervisionEnded", "CallTakenOver", "SeatForced", "NotePosted", "NoteRead", ...CALLBACK_FACTS, ...WORD_FACTS, ...ROOM_FACTS];
const QUIET = ["UtteranceGuessed", "UtteranceSettled", "LegGuessed", "LegSettled", "LegTalked"]; // many a second, and nothing of the board
const OF_CALLS = ["CallArrived", "CallAnswered", "CallTakenOver", "CallEnded", "MessageStarted", "SeatUnpaused"];

const newest = inOrder();
export async function refresh() {
  const asked = Date.now();
  const view = await newest(() => ask("GET", "/api/supervision", undefined, PATIENCE_MS));
  if (!view) return;
  lead.skew = Date.parse(view.now) - (asked + Date.now()) / 2;
  lead.view = view;
  reached();
  showLink(view.link);
  showEngine(view.engine);
  showDisk(view.disk);
  tookNews();
  drawNotes(view.notes);
  drawLocks(view.locks, refresh);
  showCallbackCounts(view.callbacks);
  draw();
}
let soon;
const refreshSoon = () => { soon ??= setTimeout(() => { soon = undefined; refresh().catch(problem); }, 40); };
let callsSoon;
const callsLater = () => { callsSoon ??= setTimeout(() => { callsSoon = undefined; refreshCalls().catch(() => {}); }, 1000); };

lead.refresh = refresh;
mountKeys();
mountCalls();
mountNotes(refresh);
mountCallbackList({ me: () => lead.me.id });
mountWords();
mountRoom();
mountHelp();
setInterval(tick, 500);
whenSignedOut(() => {
  if (!lead.phone?.session) return location.assign("/login");
  problem(new Error("登录已过期：通话不受影响，结束后请重新登录"));
});
await beTheOne(() => { letGo(); location.reload(); }, "minsheng-supervisor");
await open(async () => {
  lead.me = await get("/api/me");
  const { pause_reasons: reasons } = await get("/api/reference");
  byId("force-reason").replaceChildren(...reasons.map((one) => new Option(one.label, one.key)));
  await refresh();
  await refreshCalls();
  mountPhone();
  listen((kind, fact) => {
    wordNews(kind, fact);
    roomNews(kind, fact);
    if (!QUIET.includes(kind)) refreshSoon();
    if (OF_CALLS.includes(kind)) callsLater();
    if (CALLBACK_FACTS.includes(kind)) callbackNews();
  }, () => refresh().then(readWords).catch((error) => { problem(error); throw error; }), FACTS);
});
