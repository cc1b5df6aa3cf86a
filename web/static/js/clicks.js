// A list may be drawn anew between the pressing and the letting go of a mouse button or a finger: the browser then
// tells no click at all. Where the same button stands again under the pointer, it is clicked all the same.
let pressed = null;

export function keepClicks() {
  document.addEventListener("pointerdown", (event) => { pressed = event.target.closest?.("button") ?? null; }, true);
  document.addEventListener("pointercancel", () => { pressed = null; }, true);
  document.addEventListener("pointerup", (event) => {
    const before = pressed;
    pressed = null;
    if (!before || before.isConnected) return;
    const now = document.elementFromPoint(event.clientX, event.clientY)?.closest("button");
    if (now && isTheSame(now, before)) now.click();
  }, true);
}
// By a name that no other button has: what merely looks alike may be another person's
function isTheSame(now, before) {
  const name = nameOf(before);
  return name !== "" && [...document.querySelectorAll("button")].filter((one) => nameOf(one) === name).length === 1 && nameOf(now) === name;
}
function nameOf(button) {
  if (button.id || button.dataset.testid) return button.id || button.dataset.testid;
  const around = button.closest("[data-testid]");
  return around ? `${around.dataset.testid} ${button.getAttribute("aria-keyshortcuts") ?? button.textContent}` : "";
}
