"""Where access points seem to hang, by the phones that they hear and by each other."""
