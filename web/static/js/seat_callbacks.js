// The call-back list on a seat: the board counts what waits, Enter dials.
import { CALLBACK_FACTS, callbackNews, mountCallbackList, showCallbackCounts } from "./callback_list.js";
import { desk, onBoard, onFact } from "./desk.js";
import { canDial, dial } from "./seat_outbound.js";

export function mountCallbacks() {
  mountCallbackList({ me: () => desk.me.id, canDial, dial });
  onFact(CALLBACK_FACTS, callbackNews);
  onBoard(() => showCallbackCounts(desk.board.callbacks));
}
