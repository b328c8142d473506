"""Several stores at once: a league of them, and the budgets of their campaigns."""
