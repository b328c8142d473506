"""People with tastes of their own: what they bought, and what they would do about any offer."""
