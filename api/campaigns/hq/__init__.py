"""HQ's campaigns: written once for several stores, over HTTP and in the browser."""
