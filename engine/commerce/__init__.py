"""What shoppers order, buy, bring back and look at, as shop systems tell it."""
