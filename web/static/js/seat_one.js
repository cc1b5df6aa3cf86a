// One page a person: two pages of one seat would register the same telephone twice and ring in either.
import { byId } from "./api.js";

const PATIENCE_MS = 1500; // a page that is being left lets go within this time

function hold(name, options, lost) {
  return new Promise((held, refused) => {
    const keep = () => { held(); return new Promise(() => {}); };
    // Rejected when nobody let go in time, and when another page takes over later
    navigator.locks.request(name, options, keep).catch((error) => { refused(error); lost(error); });
  });
}
// Resolves once this page is the one; `lost` is told when another page takes over
export async function beTheOne(lost, name = "minsheng-seat") {
  if (!navigator.locks) return;
  let mine = false;
  const gone = () => { if (mine) lost(); };
  try {
    await hold(name, { signal: AbortSignal.timeout(PATIENCE_MS) }, gone);
  } catch {
    byId("page-loading").hidden = true;
    byId("elsewhere").hidden = false;
    await new Promise((press) => { byId("elsewhere-here").onclick = press; });
    byId("elsewhere").hidden = true;
    await hold(name, { steal: true }, gone);
  }
  mine = true;
}
