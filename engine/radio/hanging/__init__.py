"""Where access points seem to hang, by the phones that they hear."""
