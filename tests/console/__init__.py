"""All pages of the console in a real Chromium: pictures, axe and width of each, and how fast they are."""
