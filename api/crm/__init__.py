"""What customer files (CRM) are told, for programs that ask."""
