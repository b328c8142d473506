"""Customer files (CRM): events in one order, a line of them for each receiver and shopper, and how receivers do."""
