// The keys on the buttons of the ticket form, wherever it stands.
import { bind } from "./keys.js";

export function bindTicketKeys() {
  bind("Alt+S", "ticket-save", "保存工单并报号");
  bind("Alt+T", "ticket-submit", "转派单");
  bind("Alt+B", "ticket-answer", "直接答复办结");
  bind("Alt+V", "ticket-void", "作废工单（要写原因）");
}
