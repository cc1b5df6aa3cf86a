// A button beside a telephone field on a page without a telephone: the operator's own seat places the call.
import { byId, say } from "./api.js";
import { pressOnce } from "./press_once.js";

// `what()` says whom, as POST /api/v1/outbound takes it; what came of the order is said in `place`
export function clickToDial(id, what, place) {
  byId(id).onclick = async () => {
    byId(id).disabled = true;
    try {
      const { state } = await pressOnce("/api/v1/outbound", await what());
      // The press before, whose answer was lost: its call has come and gone meanwhile
      say(byId(place), state === "ended" ? "刚才已从您的坐席拨出，已结束；要再拨请再按一次" : "已从您的坐席拨出，请看坐席页面");
    } catch (error) { say(byId(place), error.message); }
    byId(id).disabled = false;
  };
}
