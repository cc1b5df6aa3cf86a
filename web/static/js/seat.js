// The operator's console: puts its parts together and opens them.
import { byId, get, whenSignedOut } from "./api.js";
import { desk, onFact, onPhone, problem, refresh, refreshSoon, tellFact, wantedKinds } from "./desk.js";
import { mountHelp } from "./keys.js";
import { mountNotes, NOTE_FACTS, refreshNotes } from "./notes.js";
import { open } from "./page.js";
import { mountBar } from "./seat_bar.js";
import { mountBridge, refreshBridge } from "./seat_bridge.js";
import { mountCall, wordsAgain } from "./seat_call.js";
import { mountCallbacks } from "./seat_callbacks.js";
import { drawCheck, mountCheck } from "./seat_check.js";
import { mountDial } from "./seat_dial.js";
import { mountDraft } from "./seat_draft.js";
import { fillPauseReasons, mountKeys } from "./seat_keys.js";
import { beTheOne } from "./seat_one.js";
import { mountOutbound, refreshOutbound } from "./seat_outbound.js";
import { letGo, mountPhone } from "./seat_phone.js";
import { mountTransfer } from "./seat_transfer.js";
import { listen } from "./stream.js";
import { TicketForm } from "./ticket_form.js";
import { TranscriptView } from "./transcript_view.js";

desk.words = new TranscriptView(byId("transcript"));
desk.ticket = new TicketForm();
for (const mount of [mountBar, mountCheck, mountPhone, mountKeys, mountCall, mountBridge, mountTransfer, mountOutbound, mountCallbacks, mountDial, mountDraft, mountNotes, mountHelp]) mount();
onPhone(drawCheck);
onFact(NOTE_FACTS, () => refreshNotes().catch(() => {}));

whenSignedOut(() => {
  if (!desk.phone?.session) return location.assign("/login");
  byId("seat-problem").textContent = "登录已过期：通话不受影响，通话结束后会请您重新登录";
});
await beTheOne(() => { letGo(); location.reload(); });
await open(async () => {
  desk.me = await get("/api/me");
  await desk.ticket.prepare();
  fillPauseReasons(desk.ticket.lists.pause_reasons);
  await refresh();
  await refreshNotes();
  // What a gap swallowed is missing beside the board too: cards, a call outside that ended, lines that were said. The board
  // tells whether the server is there; these may be refused, as for a call that was given away meanwhile
  const beside = () => [refreshBridge, refreshOutbound, wordsAgain].map((part) => part().catch(() => {}));
  const again = () => Promise.all([refresh(), refreshNotes(), ...beside()]).catch((error) => { problem(error); throw error; });
  listen((kind, fact) => {
    tellFact(kind, fact);
    if (!kind.startsWith("Utterance")) refreshSoon();
  }, again, wantedKinds());
});
