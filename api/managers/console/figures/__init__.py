"""What is asked, counted, compared and put into tables: no word and no colour of it."""
