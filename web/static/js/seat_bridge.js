// Mount of the emergency bridge in <section id="bridge"> of the seat page; hidden while empty.
// Use: import { desk, onBoard, onCall, onFact, isMine } from "./desk.js"; bind("F9", "…", "一键三方") from "./keys.js".
export function mountBridge() {}
