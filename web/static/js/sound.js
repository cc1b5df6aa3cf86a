// Ring, microphone level, own echo. WebAudio only; everything started gives back what stops it.
let context;
export function audio() {
  context ??= new AudioContext();
  if (context.state === "suspended") context.resume();
  return context;
}
export async function playThrough(speakerId) {
  if (audio().setSinkId) await audio().setSinkId(speakerId || "");
}
let ring;
function beat() {
  const here = audio();
  const gain = here.createGain();
  gain.connect(here.destination);
  gain.gain.setValueAtTime(0, here.currentTime);
  gain.gain.linearRampToValueAtTime(0.12, here.currentTime + 0.05);
  gain.gain.linearRampToValueAtTime(0, here.currentTime + 1);
  const tone = here.createOscillator();
  tone.frequency.value = 450;
  tone.connect(gain);
  tone.start();
  tone.stop(here.currentTime + 1);
}
// To hear how it rings: one beat, which leaves a call that rings meanwhile ringing
export const tryRing = beat;
export function startRing() {
  if (ring) return;
  beat();
  ring = setInterval(beat, 3000);
}
// One short low tone: something came to nothing
export function beep() {
  const here = audio();
  const gain = here.createGain();
  gain.gain.value = 0.1;
  gain.connect(here.destination);
  const tone = here.createOscillator();
  tone.frequency.value = 330;
  tone.connect(gain);
  tone.start();
  tone.stop(here.currentTime + 0.35);
}
export function stopRing() { clearInterval(ring); ring = undefined; }

export function watchLevel(stream, onLevel) {
  const here = audio();
  const analyser = here.createAnalyser();
  analyser.fftSize = 512;
  const source = here.createMediaStreamSource(stream);
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    onLevel(Math.sqrt(samples.reduce((sum, one) => sum + one * one, 0) / samples.length));
  }, 80);
  return () => { clearInterval(timer); source.disconnect(); onLevel(0); };
}
export const drawLevel = (bar) => (level) => {
  const part = Math.min(100, Math.round(level * 300));
  bar.style.width = `${part}%`;
  bar.parentElement.setAttribute("aria-valuenow", String(part));
};
export function echo(stream, seconds) {
  const here = audio();
  const source = here.createMediaStreamSource(stream);
  const delay = here.createDelay(1);
  delay.delayTime.value = 0.6;
  source.connect(delay).connect(here.destination);
  const stop = () => { clearTimeout(timer); source.disconnect(); delay.disconnect(); };
  const timer = setTimeout(stop, seconds * 1000);
  return stop;
}
export const stopStream = (stream) => { for (const track of stream?.getTracks() ?? []) track.stop(); };
