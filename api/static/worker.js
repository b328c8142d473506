// The wallet's service worker. The server puts `self.RAYON` (version and files) before it: see api/shoppers/wallet.
importScripts("/static/worker_push.js");
