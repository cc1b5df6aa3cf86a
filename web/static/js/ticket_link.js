// A ticket in a list: a link for who may open it; for others its words and who has it, since a click would be refused.
import { make } from "./api.js";

export function ticketLink(one, words, more = {}) {
  if (one.may_open) return make("a", words, { href: `/tickets/${one.id}`, ...more });
  const who = one.operator_name ? `（经办 ${one.operator_name}）` : "";
  return make("span", `${words}${who}`, { title: "只有经办人和班长能打开" });
}
