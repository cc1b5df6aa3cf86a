// What is said in the call at which this leader's ear is: read once, then live; gone when the ear leaves.
import { byId, get, say } from "./api.js";
import { hearing, onDraw } from "./supervisor_desk.js";
import { TranscriptView } from "./transcript_view.js";

export const WORD_FACTS = ["LegGuessed", "LegSettled"];
const GUESSED = ["UtteranceGuessed", "LegGuessed"];
const SETTLED = ["UtteranceSettled", "LegSettled"];
const AGAIN_MS = 3000;
let view;
let ear = null; // whose words stand there: of this ear
let again;

export function mountWords() {
  view = new TranscriptView(byId("transcript"));
  onDraw(follow);
}
export function wordNews(kind, fact) {
  const here = hearing();
  if (!here || ear === null || fact.call_id !== here.call_id) return;
  if (GUESSED.includes(kind)) view.guess(fact);
  // Marked secret, or no more: asked at once, so that nothing stands there that may not
  else if (kind === "TicketChanged" || kind === "TranscriptionFailed") readWords();
  else if (SETTLED.includes(kind)) view.settle({ ...fact, id: fact.utterance_id });
}
function follow() {
  const here = hearing();
  byId("lead-talk").hidden = !here;
  if (here?.id === ear) return;
  ear = here?.id ?? null;
  clearTimeout(again);
  view.clear("正在读取通话文字…");
  say(byId("words-problem"), "");
  say(byId("words-of"), here ? `${here.seat_id}号席` : "");
  if (here) readWords();
}
// After a gap too: what stands there stays, what is missing is put in its place
export async function readWords() {
  const of = ear;
  if (of === null) return;
  clearTimeout(again);
  try {
    const found = await get("/api/supervision/words");
    if (of !== ear) return;
    if (found.ear !== of) return repeat();
    say(byId("words-problem"), "");
    if (!view.lines.length) view.clear("通话中，双方的话会在这里逐行出现");
    for (const line of found.lines) view.settle(line);
    view.deaf(found.deaf);
  } catch (error) {
    if (of !== ear) return;
    say(byId("words-problem"), error.code === "unreachable" ? "网络中断，通话文字可能不全，恢复后自动补上" : error.message);
    if (error.code === "in-confidence") view.clear("保密");
    else repeat();
  }
}
const repeat = () => { again = setTimeout(readWords, AGAIN_MS); };
