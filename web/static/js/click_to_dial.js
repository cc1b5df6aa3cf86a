// A button beside a telephone field on a page without a telephone: the operator's own seat places the call.
import { ask, byId, newKey, say } from "./api.js";

// `what()` says whom, as POST /api/v1/outbound takes it; what came of the order is said in `place`
export function clickToDial(id, what, place) {
  let key = newKey();
  byId(id).onclick = async () => {
    byId(id).disabled = true;
    try {
      await ask("POST", "/api/v1/outbound", await what(), undefined, { "Idempotency-Key": key });
      say(byId(place), "已从您的坐席拨出，请看坐席页面");
    } catch (error) { say(byId(place), error.message); }
    key = newKey();
    byId(id).disabled = false;
  };
}
