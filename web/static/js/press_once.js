// A press that orders something outside has a key, so that asked again after a lost answer it is the same press. The key
// belongs to what is asked: the same press has the same key until the server has said yes or no to it; any other press has
// a new one, and is never answered with what became of an earlier one.
import { ask, newKey } from "./api.js";

let open = null; // { what, key }: the newest press, as long as nobody knows if the server took it

// Done, or refused: then nothing of it is under way. A proxy's or the server's own failure (5xx) says neither
const isRefusal = ({ status }) => status >= 400 && status < 500;

// `seen` is what the page knows of the matter beside the body: the call, the newest room. Once a room has shown itself, the
// same button pressed again is a new press
export async function pressOnce(path, body, seen = null) {
  const what = JSON.stringify([path, body, seen]);
  if (open?.what !== what) open = { what, key: newKey() };
  const mine = open;
  const forget = () => { if (open === mine) open = null; };
  try {
    const answer = await ask("POST", path, body, undefined, { "Idempotency-Key": mine.key });
    forget();
    return answer;
  } catch (error) {
    if (isRefusal(error)) forget();
    throw error;
  }
}
