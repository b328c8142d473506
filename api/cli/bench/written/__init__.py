"""What a database takes and gives: entries of the ledger, events of shops, a clerk's card."""
