// Reads QR codes by the camera: with the browser's own detector, or where it has none with the library in vendor/.
const LOOK_MS = 120;

let stream = null;

export const scans = () => Boolean(navigator.mediaDevices?.getUserMedia);

async function detector() {
  if ("BarcodeDetector" in globalThis) {
    const formats = await globalThis.BarcodeDetector.getSupportedFormats();
    if (formats.includes("qr_code")) return ownDetector(new globalThis.BarcodeDetector({ formats: ["qr_code"] }));
  }
  const { decodeQR } = await import("./vendor/qr-decode.js");
  return (video) => fromPixels(video, decodeQR);
}

function ownDetector(own) {
  return async (video) => (await own.detect(video))[0]?.rawValue ?? null;
}

const canvas = document.createElement("canvas");

function fromPixels(video, decode) {
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.drawImage(video, 0, 0);
  try {
    return decode(pen.getImageData(0, 0, canvas.width, canvas.height));
  } catch {
    return null; // no code in this picture: the library says so by throwing
  }
}

// Shows the camera in `video` until it reads a code or is stopped; the code's text, or null.
export async function scan(video) {
  const read = await detector();
  stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" }, audio: false });
  video.srcObject = stream;
  video.hidden = false;
  await video.play();
  while (stream) {
    const text = video.videoWidth ? await read(video) : null;
    if (text) {
      stop(video);
      return text;
    }
    await new Promise((done) => setTimeout(done, LOOK_MS));
  }
  return null;
}

export function stop(video) {
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = null;
  video.srcObject = null;
  video.hidden = true;
}

export const scanning = () => stream !== null;
