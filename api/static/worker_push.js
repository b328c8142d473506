// What the service worker does with Web Push: part of worker.js.
