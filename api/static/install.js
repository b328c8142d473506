// The wallet as an app: its service worker, and the button that puts it on the phone. Neither exists everywhere.
export function startWorker() {
  if (!("serviceWorker" in navigator)) return; // plain http, captive windows
  navigator.serviceWorker.register("/sw.js", { scope: "/", updateViaCache: "none" }).catch(() => {}); // forbidden, or full
}

export const isInstalled = () => matchMedia("(display-mode: standalone)").matches || navigator.standalone === true;
const isApple = () => /iPhone|iPad/.test(navigator.userAgent) || (/Macintosh/.test(navigator.userAgent) && navigator.maxTouchPoints > 1);

// Shows how to install in the way of this phone, nothing where it is done or cannot be.
export function offerInstall({ section, button, steps }) {
  if (isInstalled()) return;
  if (isApple()) {
    section.hidden = steps.hidden = false;
    return;
  }
  addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault(); // asked when the shopper asks, not when the browser likes
    section.hidden = button.hidden = false;
    button.onclick = async () => {
      await event.prompt();
      section.hidden = true;
    };
  });
  addEventListener("appinstalled", () => (section.hidden = true));
}

// On iPhones only an installed app may ask for push.
export const mayPush = () => "PushManager" in window && (!isApple() || isInstalled());
